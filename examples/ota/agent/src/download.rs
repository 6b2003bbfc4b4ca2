//! The download of a package: goes on where it was cut off, by ranges of HTTP (RFC 9110, section 14).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use md5::Md5;
use sha2::{Digest, Sha256};
use ureq::http::{StatusCode, header};

use crate::device::Device;
use crate::failure::Failure;
use crate::hex;
use crate::messages::{Method, Order};

/// Attempts in a row that bring nothing new, before the download is given up.
const ATTEMPTS: u32 = 4;
/// The first pause between two attempts; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// How the names of files begin.
const PREFIX: &str = "download-";
/// How long nothing may come from the server.
const SILENCE: Duration = Duration::from_secs(30);

/// Downloads the package of an order, checks it, and returns its file. What an earlier run has of it is not loaded again.
pub fn download(device: &Device, order: &Order, progress: &dyn Fn(u64)) -> Result<PathBuf, Failure> {
    let path = place(device, order)?;
    let server = ureq::Agent::config_builder()
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build()
        .new_agent();
    let (mut there, mut in_vain) = (length(&path), 0);
    // A server without ranges begins from the start each time: only what no attempt had before is progress.
    let mut most = there;
    while there < order.size {
        let result = go_on(&server, order, &path, there, progress);
        there = length(&path);
        in_vain = if there > most { 0 } else { in_vain + 1 };
        most = most.max(there);
        match result {
            Ok(()) if there == order.size => break,
            Err(Stop::Wrong(failure)) => return Err(failure),
            Err(Stop::Lost(reason)) if in_vain == ATTEMPTS => return Err(Failure::download(reason)),
            Ok(()) if in_vain == ATTEMPTS => return Err(Failure::download("the server sends nothing")),
            Ok(()) | Err(Stop::Lost(_)) => sleep(PAUSE * 2u32.pow(in_vain)),
        }
    }
    check(order, &path)?;
    Ok(path)
}

/// Why a request brought less than all.
enum Stop {
    /// The next one may bring more.
    Lost(String),
    Wrong(Failure),
}

impl From<ureq::Error> for Stop {
    fn from(error: ureq::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Wrong(Failure::storage(error))
    }
}

/// One request, for what is missing.
fn go_on(
    server: &ureq::Agent,
    order: &Order,
    path: &Path,
    mut there: u64,
    progress: &dyn Fn(u64),
) -> Result<(), Stop> {
    let mut request = server.get(&order.url);
    if there > 0 {
        request = request.header(header::RANGE, format!("bytes={there}-"));
    }
    let mut response = request.call()?;
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if response.status() == StatusCode::PARTIAL_CONTENT {
        let range = response.headers().get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
        if range != Some(&format!("bytes {there}-{}/{}", order.size - 1, order.size)) {
            fs::remove_file(path)?;
            return Err(Stop::Wrong(Failure::verification(format!("another file: range {range:?}"))));
        }
    } else {
        // All of it, whatever was asked for.
        file.set_len(0)?;
        there = 0;
        let size = response.body().content_length();
        if size.is_some_and(|size| size != order.size) {
            let text = format!("a file of {size:?} bytes, not {}", order.size);
            return Err(Stop::Wrong(Failure::verification(text)));
        }
    }
    let mut body = response.body_mut().as_reader();
    let mut buffer = [0; 8192];
    while there < order.size {
        let count = body.read(&mut buffer).map_err(|error| Stop::Lost(error.to_string()))?;
        let count = count.min((order.size - there) as usize);
        if count == 0 {
            break;
        }
        file.write_all(&buffer[..count])?;
        there += count as u64;
        progress(there);
    }
    file.sync_data()?;
    Ok(())
}

/// Compares the digest. A wrong file is not kept: nothing that is added makes it right.
fn check(order: &Order, path: &Path) -> Result<(), Failure> {
    let bytes = fs::read(path).map_err(Failure::storage)?;
    let found = match order.method {
        Method::Md5 => hex::encode(&Md5::digest(&bytes)),
        Method::Sha256 => hex::encode(&Sha256::digest(&bytes)),
    };
    if found == order.sign && bytes.len() as u64 == order.size {
        return Ok(());
    }
    fs::remove_file(path).map_err(Failure::storage)?;
    Err(Failure::verification("the download has another digest than the message"))
}

/// The file of this order's package, named for its digest. Those of other orders go.
fn place(device: &Device, order: &Order) -> Result<PathBuf, Failure> {
    let name = format!("{PREFIX}{}.bin", order.sign);
    tidy(device, &name).map_err(Failure::storage)?;
    Ok(device.folder.join(name))
}

/// Removes all downloads but one.
pub fn tidy(device: &Device, but: &str) -> io::Result<()> {
    for entry in fs::read_dir(&device.folder)? {
        let name = entry?.file_name();
        if name.to_string_lossy().starts_with(PREFIX) && name != but {
            fs::remove_file(device.folder.join(name))?;
        }
    }
    Ok(())
}

fn length(path: &Path) -> u64 {
    File::open(path).and_then(|file| file.metadata()).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;

    use super::*;
    use crate::device::tests::device;

    const PACKAGE: &[u8] = b"a package of thirty-one bytes..";

    /// Answers one request with each of these, and tells the ranges that were asked for.
    fn server(answers: Vec<String>) -> (String, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/a.bin", listener.local_addr().unwrap());
        let (sender, ranges) = channel();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let range = head
                    .iter()
                    .find_map(|line| line.to_lowercase().strip_prefix("range: ").map(str::to_owned));
                let _ = sender.send(range.unwrap_or_default());
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        (url, ranges)
    }

    fn order(url: String) -> Order {
        let sign = hex::encode(&Sha256::digest(PACKAGE));
        let (version, module) = ("2.0".to_owned(), "default".to_owned());
        Order { version, module, url, size: PACKAGE.len() as u64, sign, method: Method::Sha256, base: None }
    }

    /// Says how long the body is, and sends so much of it.
    fn whole(bytes: usize) -> String {
        let sent = str::from_utf8(&PACKAGE[..bytes]).unwrap();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{sent}", PACKAGE.len())
    }

    fn rest(from: usize, size: usize) -> String {
        let (range, rest) =
            (format!("bytes {from}-{}/{size}", size - 1), str::from_utf8(&PACKAGE[from..]).unwrap());
        let length = rest.len();
        format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: {range}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{rest}"
        )
    }

    #[test]
    fn a_lost_download_goes_on_where_it_was() {
        let (_folder, device) = device();
        let (url, ranges) = server(vec![whole(10), rest(10, PACKAGE.len())]);
        let path = download(&device, &order(url), &|_| {}).unwrap();
        assert_eq!(fs::read(path).unwrap(), PACKAGE);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), ["", "bytes=10-"]);
    }

    #[test]
    fn a_server_without_ranges_sends_all_again() {
        let (_folder, device) = device();
        let (url, _) = server(vec![whole(10), whole(PACKAGE.len())]);
        let path = download(&device, &order(url), &|_| {}).unwrap();
        assert_eq!(fs::read(path).unwrap(), PACKAGE);
    }

    #[test]
    fn a_server_without_ranges_that_never_sends_all_is_given_up() {
        let (_folder, device) = device();
        // As a cut connection leaves them: now more of it, now less.
        let (url, ranges) = server((0..20).map(|attempt| whole(12 - 2 * (attempt % 2))).collect());
        assert_eq!(download(&device, &order(url), &|_| {}).unwrap_err().code, -2);
        assert_eq!(ranges.try_iter().count(), 1 + ATTEMPTS as usize);
    }

    #[test]
    fn what_an_earlier_run_has_is_not_loaded_again() {
        let (_folder, device) = device();
        let (url, ranges) = server(vec![rest(20, PACKAGE.len())]);
        let order = order(url);
        let path = place(&device, &order).unwrap();
        fs::write(&path, &PACKAGE[..20]).unwrap();
        fs::write(device.folder.join("download-of-another.bin"), b"x").unwrap();
        download(&device, &order, &|_| {}).unwrap();
        assert_eq!(fs::read(path).unwrap(), PACKAGE);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), ["bytes=20-"]);
        assert!(!device.folder.join("download-of-another.bin").exists());
    }

    #[test]
    fn another_file_is_a_failed_verification() {
        let (_folder, device) = device();
        let (url, _) = server(vec![whole(10), rest(10, PACKAGE.len() + 1)]);
        assert_eq!(download(&device, &order(url), &|_| {}).unwrap_err().code, -3);
        let (url, _) = server(vec![whole(PACKAGE.len()).replace("package", "parcel!")]);
        let order = order(url);
        assert_eq!(download(&device, &order, &|_| {}).unwrap_err().code, -3);
        assert!(!place(&device, &order).unwrap().exists(), "it would be found wrong again and again");
    }

    #[test]
    fn a_server_that_is_not_there_is_a_failed_download() {
        let (_folder, device) = device();
        let failure = download(&device, &order("http://127.0.0.1:1/a.bin".to_owned()), &|_| {}).unwrap_err();
        assert_eq!(failure.code, -2);
    }
}
