//! The service's side of its topics and messages, and what a broker's log tells of devices.

use serde_json::{Value, json};

use crate::{Firmware, Kind};

/// What came from a device, or about one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Version {
        device: String,
        module: String,
        version: String,
    },
    Progress {
        device: String,
        module: String,
        step: i32,
    },
    Get {
        device: String,
        module: String,
        id: String,
    },
    /// The broker has lost its connection.
    Gone {
        device: String,
    },
}

/// Understands a message to the broker. The service is its own broker and sees connections end; here, Mosquitto's log
/// says so, in the topics `$SYS/broker/log/#`. The client of a device is called `PRODUCT.DEVICE`.
#[must_use]
pub fn hear(product: &str, topic: &str, payload: &[u8]) -> Option<Heard> {
    if topic.starts_with("$SYS/") {
        return gone(product, &String::from_utf8_lossy(payload));
    }
    let parts: Vec<&str> = topic.strip_prefix('/')?.split('/').collect();
    let message: Value = serde_json::from_slice(payload).ok()?;
    let params = &message["params"];
    let module = params["module"].as_str().unwrap_or("default").to_owned();
    let heard = match parts[..] {
        ["ota", "device", "inform", of, device] if of == product => Heard::Version {
            device: device.to_owned(),
            module,
            version: params["version"].as_str()?.to_owned(),
        },
        ["ota", "device", "progress", of, device] if of == product => Heard::Progress {
            device: device.to_owned(),
            module,
            step: params["step"].as_str()?.parse().ok()?,
        },
        ["sys", of, device, "thing", "ota", "firmware", "get"] if of == product => {
            Heard::Get { device: device.to_owned(), module, id: message["id"].as_str()?.to_owned() }
        }
        _ => return None,
    };
    Some(heard)
}

fn gone(product: &str, log: &str) -> Option<Heard> {
    // "New client connected from ... as NAME" is not the end of one.
    let (_, after) = log.split_once("lient ")?;
    let name = after.split([' ', ',']).next()?;
    let device = name.strip_prefix(product)?.strip_prefix('.')?;
    Some(Heard::Gone { device: device.to_owned() })
}

/// The topic and the message that tell a device of a firmware.
#[must_use]
pub fn upgrade_message(product: &str, device: &str, firmware: &Firmware, id: u32) -> (String, Value) {
    let message = json!({ "code": "1000", "data": data(firmware), "id": id, "message": "success" });
    (format!("/ota/device/upgrade/{product}/{device}"), message)
}

/// The topic of the answer to [`Heard::Get`], and the answer, with a firmware or without.
#[must_use]
pub fn reply(product: &str, device: &str, id: &str, firmware: Option<&Firmware>) -> (String, Value) {
    let data = firmware.map_or(json!({}), data);
    let message = json!({ "id": id, "code": 200, "data": data });
    (format!("/sys/{product}/{device}/thing/ota/firmware/get_reply"), message)
}

fn data(firmware: &Firmware) -> Value {
    let mut data = json!({
        "size": firmware.size,
        "version": firmware.version,
        "url": firmware.url,
        "sign": firmware.sign,
        "signMethod": if firmware.sign_method == "MD5" { "Md5" } else { "SHA256" },
        "module": firmware.module,
        "extData": { "_package_udi": firmware.user_data },
    });
    if firmware.sign_method == "MD5" {
        data["md5"] = json!(firmware.sign);
    }
    if let Kind::Differential(_) = firmware.kind {
        data["isDiff"] = json!(1);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_devices_are_understood() {
        let hear = |topic: &str, message: Value| hear("p", topic, message.to_string().as_bytes());
        let (device, module) = ("d".to_owned(), "default".to_owned());
        let version = json!({ "id": "1", "params": { "version": "1.0" } });
        assert_eq!(
            hear("/ota/device/inform/p/d", version.clone()),
            Some(Heard::Version {
                device: device.clone(),
                module: module.clone(),
                version: "1.0".to_owned()
            })
        );
        assert_eq!(hear("/ota/device/inform/other/d", version), None);
        let progress = json!({ "id": "2", "params": { "step": "-3", "desc": "x", "module": "default" } });
        assert_eq!(
            hear("/ota/device/progress/p/d", progress),
            Some(Heard::Progress { device: device.clone(), module: module.clone(), step: -3 })
        );
        let get = json!({ "id": "3", "params": {}, "method": "thing.ota.firmware.get" });
        let id = "3".to_owned();
        assert_eq!(hear("/sys/p/d/thing/ota/firmware/get", get), Some(Heard::Get { device, module, id }));
    }

    #[test]
    fn the_brokers_log_tells_who_has_gone() {
        let heard = |log: &str| hear("p", "$SYS/broker/log/N", log.as_bytes());
        for log in [
            "1606731234: Client p.d closed its connection.",
            "Client p.d has exceeded timeout, disconnecting.",
            "Socket error on client p.d, disconnecting.",
            "Client p.d already connected, closing old connection.",
        ] {
            assert_eq!(heard(log), Some(Heard::Gone { device: "d".to_owned() }), "{log}");
        }
        assert_eq!(heard("New client connected from 127.0.0.1:1 as p.d (p2, c1, k30)."), None);
        assert_eq!(heard("Client q.d closed its connection."), None);
    }
}
