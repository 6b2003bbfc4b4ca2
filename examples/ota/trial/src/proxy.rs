//! What is between the devices and the server: counts the bytes, and loses or damages them.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::Duration;

/// What happens to a device's downloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The first ends after so many bytes of the package.
    CutOnce(usize),
    DamagedOnce,
    Damaged,
    /// Nothing comes at all.
    Unreachable,
    /// It takes a while.
    Slow,
}

/// Bytes of responses, with headers, and requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    pub bytes: u64,
    pub requests: u64,
}

#[derive(Default)]
struct Shared {
    troubles: BTreeMap<String, Trouble>,
    traffic: BTreeMap<String, Traffic>,
}

pub struct Proxy {
    pub port: u16,
    shared: Arc<Mutex<Shared>>,
}

/// Which byte is damaged.
const DAMAGED: usize = 1000;
/// A slow download has so many bytes at once, and a pause after them.
const PIECE: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

impl Proxy {
    /// Listens for devices, which say who they are in the address: `?device=NAME`.
    pub fn start(server: u16, troubles: BTreeMap<String, Trouble>) -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let shared = Arc::new(Mutex::new(Shared { troubles, ..Shared::default() }));
        let of_all = Arc::clone(&shared);
        thread::spawn(move || {
            for device in listener.incoming().flatten() {
                let shared = Arc::clone(&of_all);
                // A device that hangs up in the middle is nothing to report.
                thread::spawn(move || serve(device, server, &shared));
            }
        });
        Ok(Self { port, shared })
    }

    pub fn traffic(&self, device: &str) -> Traffic {
        let shared = self.shared.lock().expect("no thread panics with it");
        shared.traffic.get(device).copied().unwrap_or_default()
    }
}

/// One request, one response.
fn serve(mut device: TcpStream, server: u16, shared: &Mutex<Shared>) -> io::Result<()> {
    let head = read_head(&mut device)?;
    let name = head.split_once("?device=").map_or("", |(_, rest)| rest.split(' ').next().unwrap_or(""));
    let trouble = {
        let mut shared = shared.lock().expect("no thread panics with it");
        shared.traffic.entry(name.to_owned()).or_default().requests += 1;
        let trouble = shared.troubles.get(name).copied();
        if matches!(trouble, Some(Trouble::CutOnce(_) | Trouble::DamagedOnce)) {
            shared.troubles.remove(name);
        }
        trouble
    };
    if trouble == Some(Trouble::Unreachable) {
        return Ok(());
    }
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
    let end = head.len() - 2;
    server.write_all(format!("{}Connection: close\r\n\r\n", &head[..end]).as_bytes())?;
    let mut response = read_head(&mut server)?.into_bytes();
    let body = response.len();
    server.read_to_end(&mut response)?;
    match trouble {
        Some(Trouble::CutOnce(bytes)) => response.truncate(body + bytes),
        Some(Trouble::DamagedOnce | Trouble::Damaged) => response[body + DAMAGED] ^= 1,
        _ => {}
    }
    let piece = if trouble == Some(Trouble::Slow) { PIECE } else { response.len() };
    for part in response.chunks(piece) {
        device.write_all(part)?;
        let mut shared = shared.lock().expect("no thread panics with it");
        shared.traffic.entry(name.to_owned()).or_default().bytes += part.len() as u64;
        drop(shared);
        if piece == PIECE {
            sleep(PAUSE);
        }
    }
    device.shutdown(Shutdown::Both)
}

/// A head of HTTP, with the empty line after it.
fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    String::from_utf8(head).map_err(io::Error::other)
}
