#!/usr/bin/env python3
"""patch_std.py LIBRARY: makes Rust's standard library compile for target_os = "solana".

Written for Rust 1.95. Every place must be there exactly as expected: another version that moved one stops here."""
import pathlib
import re
import sys

LIBRARY = pathlib.Path(sys.argv[1])


def patch(file, *pairs):
    """Replaces, in one file, each text by another; a text that stands several times is replaced everywhere."""
    path = LIBRARY / file
    source = path.read_text()
    for old, new in pairs:
        if old not in source:
            sys.exit(f"patch_std.py: {file} has no place to patch: {old!r}")
        source = source.replace(old, new)
    path.write_text(source)


def allocator():
    """The system allocator gives nothing: a program brings its own (the bump allocator of solana-program)."""
    patch(
        "std/src/sys/alloc/mod.rs",
        ('    target_arch = "wasm64",\n)) {', '    target_arch = "wasm64",\n    target_arch = "bpf",\n)) {'),
        (
            '    target_os = "zkvm" => {\n        mod zkvm;\n    }',
            '    target_os = "zkvm" => {\n        mod zkvm;\n    }\n    target_os = "solana" => {\n        mod solana;\n    }',
        ),
    )
    (LIBRARY / "std/src/sys/alloc/solana.rs").write_text(
        """use crate::alloc::{GlobalAlloc, Layout, System};
#[stable(feature = "alloc_system_type", since = "1.28.0")]
unsafe impl GlobalAlloc for System {
    unsafe fn alloc(&self, _l: Layout) -> *mut u8 { crate::ptr::null_mut() }
    unsafe fn dealloc(&self, _p: *mut u8, _l: Layout) {}
}
"""
    )


def platform_lists():
    """Where std lists platforms without errors, threads and randomness of an operating system."""
    zkvm = ('target_os = "zkvm",', 'target_os = "zkvm",\n        target_os = "solana",')
    patch("std/src/sys/io/error/mod.rs", zkvm)
    patch("std/src/sys/thread_local/mod.rs", zkvm)
    patch(
        "std/src/sys/random/mod.rs",
        (
            '        target_os = "xous",\n        target_os = "vexos",\n    ) => {',
            '        target_os = "xous",\n        target_os = "vexos",\n        target_os = "solana",\n    ) => {',
        ),
        (
            '    target_os = "xous",\n    target_os = "vexos",\n)))]',
            '    target_os = "xous",\n    target_os = "vexos",\n    target_os = "solana",\n)))]',
        ),
    )


def hash_keys():
    """Every validator must see the same order of a HashMap."""
    patch(
        "std/src/hash/random.rs",
        (
            "    pub fn new() -> RandomState {\n",
            '    pub fn new() -> RandomState {\n        #[cfg(target_os = "solana")]\n'
            "        return RandomState { k0: 1, k1: 2 };\n"
            '        #[cfg(not(target_os = "solana"))]\n        {\n',
        ),
        ("            RandomState { k0, k1 }\n        })\n    }\n", "            RandomState { k0, k1 }\n        })\n        }\n    }\n"),
    )


def panics():
    """A panic goes to the program log and ends the program."""
    file = LIBRARY / "std/src/panicking.rs"
    source = file.read_text()
    head = re.search(r"pub fn panic_handler\(info: &core::panic::PanicInfo<'_>\) -> ! \{\n", source)
    if head is None:
        sys.exit("patch_std.py: std/src/panicking.rs has no panic_handler")
    ours = """    #[cfg(target_os = "solana")]
    {
        unsafe extern "C" {
            fn sol_log_(p: *const u8, l: u64);
            fn abort() -> !;
        }
        let m = alloc_crate::format!("{info}");
        unsafe {
            sol_log_(m.as_ptr(), m.len() as u64);
            abort()
        }
    }
    #[cfg(not(target_os = "solana"))]
    {
"""
    body = source[head.end() :]
    depth, end = 1, 0
    while depth > 0:
        depth += (body[end] == "{") - (body[end] == "}")
        end += 1
    file.write_text(source[: head.end()] + ours + body[: end - 1] + "    }\n" + body[end - 1 :])


def out_of_memory():
    """Says so, as the usual toolchain does."""
    hook = "fn default_alloc_error_hook(layout: Layout) {\n"
    ours = """    #[cfg(target_os = "solana")]
    {
        unsafe extern "C" {
            fn sol_log_(p: *const u8, l: u64);
        }
        let m = "Error: memory allocation failed, out of memory";
        unsafe { sol_log_(m.as_ptr(), m.len() as u64) };
        return;
    }
"""
    patch("std/src/alloc.rs", (hook, hook + ours))


def small_sort_buffer():
    """The stable sort keeps 4 KiB of scratch on the stack: as much as a whole frame has here."""
    patch("core/src/slice/sort/stable/mod.rs", ("AlignedStorage::<T, 4096>", "AlignedStorage::<T, 1024>"))


if __name__ == "__main__":
    for step in (allocator, platform_lists, hash_keys, panics, small_sort_buffer, out_of_memory):
        step()
