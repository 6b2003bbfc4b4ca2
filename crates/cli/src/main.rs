//! quick
use std::io::Write;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut ram = diff_core::Ram::Auto;
    let mut rest = vec![];
    let mut out = String::new();
    let mut i = 1;
    while i < args.len() {
        match args[i].as_str() {
            "--ram" => { i += 1; let a = &args[i]; ram = diff_core::Ram::Bytes(a.trim_end_matches('K').parse::<u64>().unwrap() * 1024); }
            "-o" => { i += 1; out = args[i].clone(); }
            a => rest.push(a.to_string()),
        }
        i += 1;
    }
    let old = std::fs::read(&rest[0]).unwrap();
    let second = std::fs::read(&rest[1]).unwrap();
    let bytes = if args[0] == "diff" {
        let options = diff_core::Options { ram, ..Default::default() };
        diff_core::diff(&old, &second, &options, &diff_core::Silent).unwrap().bytes
    } else {
        let (header, _) = patch_nostd::Header::parse(&second).unwrap();
        let mut target = vec![0; header.target_size as usize];
        let mut ws = vec![0u32; header.ram as usize / 4 + 1];
        let ws = unsafe { std::slice::from_raw_parts_mut(ws.as_mut_ptr().cast::<u8>(), ws.len() * 4) };
        let t = patch_nostd::SliceTarget::new(&mut target);
        let mut p = patch_nostd::Patcher::<_, _, patch_nostd::SoftwareSha256>::new(ws, &old[..], t);
        p.push(&second).unwrap();
        p.finish().unwrap();
        target
    };
    std::fs::File::create(out).unwrap().write_all(&bytes).unwrap();
}
