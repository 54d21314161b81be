-- What 0264 says of dropped forks is not what is written.
COMMENT ON TABLE audit_trail IS
  'Changes of rules and roles, and activity out of the ordinary. What a dropped fork took back is followed by a row fork-dropped of its signature.'
