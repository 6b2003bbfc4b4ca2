//! `--payload`: all commands and release files take what is in compressed files and archives.

use crate::common::{Desk, noise, sha256, versions};
use std::process::Command;
use testkit::archives::{Put, gzip, tar, zip};
use testkit::peers;

/// `old.zip` and `new.tar.gz` with two files each, and what is in `boot/app.bin` of them.
fn desk() -> (Desk, Vec<u8>, Vec<u8>) {
    let (old, new) = versions();
    let desk = Desk::with(&[
        ("old.zip", &zip(&[("boot/app.bin", Put::Deflated, &old), ("notes", Put::Stored, b"x")])),
        ("new.tar.gz", &gzip(&tar(&[("./boot/app.bin", &new), ("notes", b"y")]))),
    ]);
    (desk, old, new)
}

const ENTRY: &str = "--payload-entry boot/app.bin";

#[test]
fn all_commands_take_payloads() {
    let (desk, old, new) = desk();
    let made = desk.ok(&format!("diff old.zip new.tar.gz -o patch --level 1 {ENTRY}"));
    assert!(made.stderr.contains("old.zip: \"boot/app.bin\" of the zip archive, 60000 bytes"), "{made:?}");
    let made = desk.json(&format!("diff old.zip new.tar.gz -o patch --level 1 {ENTRY}"));
    assert_eq!(made["payload_digests"]["base"], sha256(&old));
    assert_eq!(made["target_payload"]["format"], "tar.gz");
    assert_eq!(made["target_payload"]["entry"], "./boot/app.bin");
    desk.ok(&format!("verify old.zip patch {ENTRY}"));
    desk.ok(&format!("info patch --base old.zip {ENTRY}"));
    desk.ok(&format!("patch old.zip patch -o back {ENTRY}"));
    assert!(desk.read("back") == new);
    let shown = desk.ok(&format!("flatten new.tar.gz -o flat {ENTRY}")).stdout;
    assert!(shown.contains("of the tar.gz archive"), "{shown}");
    assert!(desk.read("flat") == new);
    let shown = desk.json(&format!("flatten new.tar.gz {ENTRY}"));
    assert_eq!(shown["payload"]["format"], "tar.gz");
    // The file itself is taken too, as it is.
    desk.write("old", &old);
    for options in ["", " --payload", " --payload-entry boot/app.bin"] {
        desk.ok(&format!("verify old patch{options}"));
    }
    desk.run("verify old.zip patch").failed(4, &["E11", "it is a zip archive", "give --payload"]);
}

#[test]
fn an_entry_of_one_side_may_stand_beside_a_plain_image() {
    let (desk, old, new) = desk();
    desk.write("old.bin", &old);
    desk.write("old.hex", testkit::builds::hex(&[(0x8000, &old)]).as_bytes());
    let expected = format!("old.zip new.tar.gz -o expected --level 1 {ENTRY}");
    desk.ok(&format!("diff {expected}"));
    for base in ["old.bin", "old.hex"] {
        let made = desk.ok(&format!("diff {base} new.tar.gz -o patch --level 1 {ENTRY}"));
        let note = format!("{base}: no compressed file or archive: it is taken as it is");
        assert!(made.stderr.contains(&note), "{made:?}");
        assert!(desk.read("patch") == desk.read("expected"), "{base}");
        desk.ok(&format!("patch {base} patch -o back {ENTRY}"));
        assert!(desk.read("back") == new);
    }
    desk.write("new.bin", &new);
    desk.ok(&format!("diff old.zip new.bin -o patch --level 1 {ENTRY}"));
    assert!(desk.read("patch") == desk.read("expected"));
    desk.ok(&format!(
        "pack -o out --to new.bin --to-version 2 --from 1=old.zip --from 0=old.hex --level 1 {ENTRY}"
    ));
    desk.ok(&format!("verify out --from 1=old.bin --from 0=old.zip {ENTRY}"));
    // Nothing has that entry; a compressed file has none; a page in place of a download is no image.
    let none = ["it has no entries", "leave out --payload-entry"];
    for command in [
        "diff old.bin new.bin -o none",
        "compare old.bin new.bin --tools bsdiff",
        "pack -o none --to new.bin --to-version 2 --from 1=old.bin",
        "flatten new.bin -o none",
        "diff old.bin new.gz -o none",
    ] {
        desk.write("new.gz", &gzip(&new));
        desk.run(&format!("{command} {ENTRY}")).failed(1, &none);
    }
    desk.write("page", b"<html><body>404: not found</body></html>\n");
    desk.run(&format!("diff page new.tar.gz -o none {ENTRY}")).failed(1, &["page: is a text"]);
    desk.write("cut.zip", &old);
    desk.run(&format!("diff cut.zip new.tar.gz -o none {ENTRY}"))
        .failed(1, &["cut.zip", "its name ends with .zip"]);
    assert!(!desk.path("none").exists());
}

#[test]
fn releases_take_payloads() {
    let (desk, _, new) = desk();
    desk.ok(&format!("pack -o one --to new.tar.gz --to-version 2 --from 1=old.zip --level 1 {ENTRY}"));
    let file = "to = 'new.tar.gz'\nto-version = '2'\nlevel = 1\npayload-entry = 'boot/app.bin'\nfrom = { 1 = 'old.zip' }";
    desk.write("release.toml", file.as_bytes());
    desk.ok("pack release.toml -o two");
    for folder in ["one", "two"] {
        let package = format!("{folder}/1-to-2.bin");
        assert!(desk.json(&format!("info {package}"))["container"].is_null());
        desk.ok(&format!("patch old.zip {package} -o back {ENTRY}"));
        assert!(desk.read("back") == new);
        desk.ok(&format!("verify {folder} --from 1=old.zip {ENTRY}"));
    }
    assert!(desk.read("one/1-to-2.bin") == desk.read("two/1-to-2.bin"));
    desk.write("release.toml", file.replace("payload-entry = 'boot/app.bin'", "payload = true").as_bytes());
    desk.run("pack release.toml -o three")
        .failed(1, &["2 files", "boot/app.bin, notes", "--payload-entry NAME"]);
}

#[test]
fn a_payload_may_be_in_any_format() {
    let desk =
        Desk::with(&[("fw.zip", &zip(&[("a.hex", Put::Deflated, b":024142006162B8\n:00000001FF\n")]))]);
    desk.ok("flatten --payload fw.zip -o flat");
    assert_eq!(desk.read("flat"), b"ab");
}

#[test]
fn remarks_about_payloads_are_shown() {
    let (old, new) = versions();
    let desk = Desk::with(&[("plain", &old), ("fw.gz", &[&gzip(&new)[..], b"{ \"metadata\": 1 }"].concat())]);
    let made = desk.ok("diff --payload plain fw.gz -o patch --level 1 --json");
    for part in [
        "plain: no compressed file or archive: it is taken as it is",
        "fw.gz: the contents of the gzip file, 59800 bytes",
        "fw.gz: the 17 bytes behind the gzip stream are ignored",
    ] {
        assert!(made.stderr.contains(part), "{part:?} is missing in {}", made.stderr);
    }
    assert_eq!(made.json()["target_payload"]["notes"][0], "the 17 bytes behind the gzip stream are ignored");
}

#[test]
fn what_is_not_opened_is_refused() {
    let (_, new) = versions();
    let desk = Desk::with(&[
        ("new", &new),
        ("new.xz", &[&b"\xFD7zXZ\0"[..], &noise(1000)].concat()),
        ("cut.zip", &zip(&[("app", Put::Deflated, &new)])[..30_000]),
        ("twice.zip", &zip(&[("app.gz", Put::Stored, &gzip(&new))])),
    ]);
    for (file, part) in
        [("new.xz", "xz -d"), ("cut.zip", "truncated"), ("twice.zip", "unpack this file first")]
    {
        desk.run(&format!("diff --payload new {file} -o patch")).failed(1, &[file, "no payload: ", part]);
        desk.run(&format!("flatten --payload {file}")).failed(1, &[part]);
        desk.run(&format!("pack --payload -o out --to {file} --to-version 1")).failed(1, &[part]);
    }
    desk.run("flatten new --payload-entry=").failed(2, &["expected the name of a file"]);
}

/// A desk with the sparse file `app`, or nothing if a program is missing.
fn run(desk: &Desk, program: &str, arguments: &[&str]) -> Option<()> {
    peers::run(desk.command(program).args(arguments)).map(drop)
}

fn python(desk: &Desk, script: &str) -> Option<()> {
    let command: &mut Command = &mut desk.command("python3");
    peers::run(command.args(["-W", "ignore", "-c", script])).map(drop)
}

fn expect_payload(desk: &Desk, file: &str, options: &str, expected: &[u8]) {
    desk.ok(&format!("flatten --payload {file} -o flat --input-format raw{options}"));
    assert!(desk.read("flat") == expected, "{file}");
}

#[test]
fn archives_of_tar_are_read() {
    let (old, new) = versions();
    // Holes of 1 MB around some bytes.
    let sparse = [&old[..], &vec![0; 1 << 20], &new, &vec![0; 1 << 20]].concat();
    let long = "long/".repeat(40) + "app.bin";
    let desk = Desk::with(&[("app.bin", &old)]);
    std::fs::create_dir_all(desk.path(&"long/".repeat(40))).unwrap();
    desk.write(&long, &new);
    for (format, options) in [("gnu", ""), ("v7", ""), ("ustar", ""), ("posix", "")] {
        desk.write("app.bin", &old);
        let created = ["-c", "--format", format, "-f", "a.tar", "app.bin"];
        let Some(()) = run(&desk, "tar", &created) else { return };
        desk.write("app.bin", &new);
        run(&desk, "tar", &["-r", "--format", format, "-f", "a.tar", "./app.bin"]);
        expect_payload(&desk, "a.tar", options, &new);
        if format != "v7" {
            run(&desk, "tar", &["-c", "--format", format, "-f", "a.tar", "app.bin", &long]);
            expect_payload(&desk, "a.tar", &format!(" --payload-entry {long}"), &new);
        }
    }
    desk.write("app.bin", &sparse);
    run(&desk, "fallocate", &["--dig-holes", "app.bin"]);
    for format in ["--format=gnu", "--sparse-version=0.0", "--sparse-version=0.1", "--sparse-version=1.0"] {
        let posix = if format == "--format=gnu" { format } else { "--format=posix" };
        run(
            &desk,
            "tar",
            &["-c", "-z", "-S", "--hole-detection=raw", posix, format, "-f", "s.tar.gz", "app.bin"],
        );
        expect_payload(&desk, "s.tar.gz", "", &sparse);
        run(&desk, "tar", &["-c", "-S", "--hole-detection=raw", posix, format, "-f", "s.tar", "app.bin"]);
        expect_payload(&desk, "s.tar", "", &sparse);
    }
}

#[test]
fn archives_of_python_are_read() {
    let (old, new) = versions();
    let desk = Desk::with(&[("old", &old), ("new", &new)]);
    let script = "
import io, tarfile, zipfile, gzip, lzma, bz2
old, new = open('old', 'rb').read(), open('new', 'rb').read()
for name, method in [('stored.zip', 0), ('deflated.zip', 8)]:
    z = zipfile.ZipFile(name, 'w', method)
    z.writestr('app.bin', old); z.writestr('app.bin', new); z.comment = b'PK\\5\\6 comment' * 9; z.close()
stub = open('stub.zip', 'wb'); stub.write(b'MZ' + bytes(9999)); stub.close()
z = zipfile.ZipFile('stub.zip', 'a', 8); z.writestr('app.bin', new); z.close()
open('late.zip', 'wb').write(b'#!' + b'#' * 97 + open('deflated.zip', 'rb').read())
class Stream(io.RawIOBase):
    def __init__(self, f): self.f = f
    def writable(self): return True
    def write(self, b): return self.f.write(b)
z = zipfile.ZipFile(Stream(open('stream.zip', 'wb')), 'w', 8); z.writestr('app.bin', new); z.close()
z = zipfile.ZipFile('large.zip', 'w', 8)
with z.open('app.bin', 'w', force_zip64=True) as f: f.write(new)
z.close()
for name, format in [('gnu.tar', tarfile.GNU_FORMAT), ('pax.tar', tarfile.PAX_FORMAT), ('ustar.tar', tarfile.USTAR_FORMAT)]:
    t = tarfile.open(name, 'w', format=format)
    for data in old, new:
        i = tarfile.TarInfo('app.bin'); i.size = len(data); i.mtime = 1.5; t.addfile(i, io.BytesIO(data))
    i = tarfile.TarInfo('link'); i.type = tarfile.LNKTYPE; i.linkname = 'app.bin'; t.addfile(i); t.close()
open('app.xz', 'wb').write(lzma.compress(new)); open('app.bz2', 'wb').write(bz2.compress(new))
open('app.lzma', 'wb').write(lzma.compress(new, lzma.FORMAT_ALONE))
for name, method in [('bzip2.zip', 12), ('lzma.zip', 14)]:
    z = zipfile.ZipFile(name, 'w', method); z.writestr('app.bin', new); z.close()
t = tarfile.open('app.tar.xz', 'w:xz'); t.add('new'); t.close()
";
    let Some(()) = python(&desk, script) else { return };
    for file in
        "stored.zip deflated.zip stub.zip late.zip stream.zip large.zip gnu.tar pax.tar ustar.tar".split(' ')
    {
        expect_payload(&desk, file, "", &new);
        expect_payload(&desk, file, " --payload-entry app.bin", &new);
    }
    for (file, part) in [
        ("app.xz", "xz -d"),
        ("app.bz2", "bzip2 -d"),
        ("app.lzma", "an lzma file"),
        ("app.tar.xz", "xz -d"),
        ("bzip2.zip", "compressed by bzip2"),
        ("lzma.zip", "compressed by lzma"),
    ] {
        desk.run(&format!("flatten --payload {file}")).failed(1, &[file, part]);
    }
}

#[test]
fn archives_of_zip_are_read() {
    let (old, new) = versions();
    let desk = Desk::with(&[("app.bin", &new), ("other", &old)]);
    let Some(()) = run(&desk, "zip", &["-q", "a.zip", "app.bin", "other"]) else { return };
    run(&desk, "zip", &["-q", "-P", "secret", "secret.zip", "app.bin"]);
    let stub = [b"MZ".to_vec(), noise(5000)].concat();
    desk.write("self.exe", &[&stub[..], &desk.read("a.zip")].concat());
    desk.write("adjusted.exe", &desk.read("self.exe"));
    run(&desk, "zip", &["-q", "-A", "adjusted.exe"]);
    for file in ["a.zip", "self.exe", "adjusted.exe"] {
        expect_payload(&desk, file, " --payload-entry app.bin", &new);
        expect_payload(&desk, file, " --payload-entry other", &old);
    }
    desk.run("flatten --payload secret.zip").failed(1, &["\"app.bin\" is encrypted"]);
}
