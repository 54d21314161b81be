/** Whom a keeper tells, as configuration. Addresses with keys in them are secrets like the keys themselves. */
import { z } from "zod";

import {
  httpUrl,
  integer,
  oneOf,
  optionalText,
  setting,
  type Env,
  type SettingProblem,
  type Settings,
  type SettingsOf,
} from "../env.js";
import { Secret } from "../keys/secret.js";
import type { AlertChannel } from "./channel.js";
import { DiscordChannel, SlackChannel, TelegramChannel } from "./chats.js";
import { MailChannel } from "./mail.js";
import { WebhookChannel } from "./webhook.js";

/** Text that is never shown; the empty text means "not set". */
function secret(pattern: RegExp, expected: string): z.ZodType<Secret | undefined, string> {
  return z
    .string()
    .refine((text) => text === "" || pattern.test(text), `expected ${expected}`)
    .transform((text) => (text === "" ? undefined : new Secret(text)));
}

const HTTP = /^https?:\/\/\S+$/;
const MIN_WEBHOOK_KEY = 16;

export const alertSettings = {
  alertWebhookUrl: setting({
    env: "KEEPER_ALERT_WEBHOOK_URL",
    schema: secret(HTTP, "an http:// or https:// address"),
    default: "",
    doc: "Alerts as signed JSON. Never shown.",
  }),
  alertWebhookKey: setting({
    env: "KEEPER_ALERT_WEBHOOK_SECRET",
    schema: secret(new RegExp(`^.{${String(MIN_WEBHOOK_KEY)},}$`), `at least ${String(MIN_WEBHOOK_KEY)} characters`),
    default: "",
    doc: "Signs them: HMAC-SHA256. Never shown.",
  }),
  alertSlackUrl: setting({
    env: "KEEPER_ALERT_SLACK_URL",
    schema: secret(HTTP, "an http:// or https:// address"),
    default: "",
    doc: "Incoming webhook of Slack. Never shown.",
  }),
  alertDiscordUrl: setting({
    env: "KEEPER_ALERT_DISCORD_URL",
    schema: secret(HTTP, "an http:// or https:// address"),
    default: "",
    doc: "Webhook of Discord. Never shown.",
  }),
  alertTelegramToken: setting({
    env: "KEEPER_ALERT_TELEGRAM_TOKEN",
    schema: secret(/^[\w:-]+$/, "a bot's token"),
    default: "",
    doc: "Token of a Telegram bot. Never shown.",
  }),
  alertTelegramChat: setting({
    env: "KEEPER_ALERT_TELEGRAM_CHAT",
    schema: optionalText,
    default: "",
    doc: "Chat that the bot writes to.",
  }),
  alertTelegramServer: setting({
    env: "KEEPER_ALERT_TELEGRAM_SERVER",
    schema: httpUrl,
    default: "https://api.telegram.org",
    doc: "Server of the bot's API.",
  }),
  alertMailServer: setting({
    env: "KEEPER_ALERT_MAIL_SERVER",
    schema: secret(/^smtps?:\/\/\S+$/, "smtp://user:password@host:port or smtps://…"),
    default: "",
    doc: "SMTP server: `smtp://user:password@host:port` (TLS is demanded) or `smtps://…`. Never shown.",
  }),
  alertMailFrom: setting({
    env: "KEEPER_ALERT_MAIL_FROM",
    schema: optionalText,
    default: "",
    doc: "Sender of the mails.",
  }),
  alertMailTo: setting({
    env: "KEEPER_ALERT_MAIL_TO",
    schema: optionalText,
    default: "",
    doc: "Receivers of the mails, comma-separated.",
  }),
  alertRepeatMinutes: setting({
    env: "KEEPER_ALERT_REPEAT_MINUTES",
    schema: integer(1, 10_080),
    default: "60",
    doc: "Minutes after which a trouble that lasts is told again.",
  }),
  alertSettleSeconds: setting({
    env: "KEEPER_ALERT_SETTLE_SECONDS",
    schema: integer(1, 86_400),
    default: "60",
    doc: "Seconds for which a trouble must be over before that is told.",
  }),
  alertsPerHour: setting({
    env: "KEEPER_ALERT_PER_HOUR",
    schema: integer(1, 3_600),
    default: "30",
    doc: "Most messages an hour; what is held back is told in one.",
  }),
  heartbeatUrl: setting({
    env: "KEEPER_HEARTBEAT_URL",
    schema: secret(HTTP, "an http:// or https:// address"),
    default: "",
    doc: "Asked as long as work succeeds: somebody outside who alarms when that stops. Never shown.",
  }),
  heartbeatMethod: setting({
    env: "KEEPER_HEARTBEAT_METHOD",
    schema: oneOf(["GET", "POST"]),
    default: "GET",
    doc: "How it is asked.",
  }),
  heartbeatSeconds: setting({
    env: "KEEPER_HEARTBEAT_SECONDS",
    schema: integer(1, 86_400),
    default: "60",
    doc: "Seconds between two heartbeats.",
  }),
} as const satisfies Settings;

export type AlertConfig = SettingsOf<typeof alertSettings>;

/** Settings that need each other. */
const TOGETHER: readonly (readonly (keyof typeof alertSettings)[])[] = [
  ["alertWebhookUrl", "alertWebhookKey"],
  ["alertTelegramToken", "alertTelegramChat"],
  ["alertMailServer", "alertMailFrom", "alertMailTo"],
];

/** What is wrong with these settings together: an alert that half a configuration swallows is noticed too late. */
export function alertProblems(env: Env): SettingProblem[] {
  return TOGETHER.flatMap((names) => {
    const variables = names.map((name) => alertSettings[name].env);
    const missing = variables.filter((variable) => (env[variable] ?? "") === "");
    if (missing.length === 0 || missing.length === variables.length) return [];
    const given = variables.filter((variable) => !missing.includes(variable)).join(", ");
    return missing.map((variable) => ({ env: variable, message: `required together with ${given}` }));
  });
}

const MAIL_TIMEOUT_MS = 15_000;

/** The channels that are configured. */
export function openChannels(config: AlertConfig): readonly AlertChannel[] {
  const channels: AlertChannel[] = [];
  const { alertWebhookUrl, alertWebhookKey, alertSlackUrl, alertDiscordUrl, alertTelegramToken, alertTelegramChat } =
    config;
  const { alertMailServer, alertMailFrom, alertMailTo } = config;
  if (alertWebhookUrl !== undefined && alertWebhookKey !== undefined) {
    channels.push(new WebhookChannel(alertWebhookUrl, alertWebhookKey));
  }
  if (alertSlackUrl !== undefined) channels.push(new SlackChannel(alertSlackUrl));
  if (alertDiscordUrl !== undefined) channels.push(new DiscordChannel(alertDiscordUrl));
  if (alertTelegramToken !== undefined && alertTelegramChat !== undefined) {
    channels.push(new TelegramChannel(config.alertTelegramServer, alertTelegramToken, alertTelegramChat));
  }
  if (alertMailServer !== undefined && alertMailFrom !== undefined && alertMailTo !== undefined) {
    const to = alertMailTo.split(",").map((address) => address.trim());
    channels.push(new MailChannel({ server: alertMailServer, from: alertMailFrom, to, timeoutMs: MAIL_TIMEOUT_MS }));
  }
  return channels;
}
