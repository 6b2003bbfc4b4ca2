//! The service's topics and messages, as it documents them (docs/platform.md).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::device::Device;
use crate::hex;

/// An upgrade that the service wants: `data` of its message.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Order {
    pub version: String,
    pub module: String,
    pub url: String,
    pub size: u64,
    /// Of the package: MD5 or SHA-256, by the method.
    pub sign: String,
    pub method: Method,
    /// The SHA-256 of the image that a differential package is for, if the message says it.
    pub base: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Method {
    Md5,
    Sha256,
}

impl Order {
    /// From a message of the service: one that it pushes, or its reply. `None` where there is nothing to upgrade.
    pub fn read(message: &[u8]) -> Result<Option<Self>, String> {
        let message: Value = serde_json::from_slice(message).map_err(|error| error.to_string())?;
        let data = &message["data"];
        if data.as_object().is_none_or(serde_json::Map::is_empty) {
            return Ok(None);
        }
        let text = |member: &str| data[member].as_str().map(str::to_owned);
        let method = match text("signMethod").as_deref().map(str::to_ascii_uppercase).as_deref() {
            Some("MD5") => Method::Md5,
            Some("SHA256") => Method::Sha256,
            other => return Err(format!("unknown signMethod {other:?}")),
        };
        let sign = text("sign").filter(|sign| hex::decode(sign).is_some_and(|bytes| bytes.len() >= 16));
        let order = Self {
            version: text("version").ok_or("no version")?,
            module: text("module").unwrap_or_else(|| "default".to_owned()),
            url: text("url").ok_or("no url")?,
            size: data["size"].as_u64().ok_or("no size")?,
            sign: sign.ok_or("no sign")?.to_ascii_lowercase(),
            method,
            base: base(data),
        };
        Ok(Some(order))
    }

    /// Whether both lead to the same package: the service repeats itself, and its addresses expire.
    pub fn is_same(&self, other: &Self) -> bool {
        Self { url: String::new(), ..self.clone() } == Self { url: String::new(), ..other.clone() }
    }
}

/// From what `smidgen manifest --ota-message` has in `extData`, so that nothing is downloaded in vain.
fn base(data: &Value) -> Option<String> {
    let needs: Value = serde_json::from_str(data["extData"]["_package_udi"].as_str()?).ok()?;
    Some(needs["smidgen"]["base_sha256"].as_str()?.to_owned())
}

/// Names of topics, and what the device says there.
pub struct Topics<'d>(pub &'d Device);

impl Topics<'_> {
    fn named(&self, before: &str, after: &str) -> String {
        format!("{before}/{}/{}{after}", self.0.product, self.0.name)
    }

    pub fn upgrade(&self) -> String {
        self.named("/ota/device/upgrade", "")
    }

    pub fn get_reply(&self) -> String {
        self.named("/sys", "/thing/ota/firmware/get_reply")
    }

    /// The version that runs.
    pub fn inform(&self, id: u32, version: &str) -> (String, Value) {
        let params = json!({ "version": version, "module": self.0.module });
        (self.named("/ota/device/inform", ""), json!({ "id": id.to_string(), "params": params }))
    }

    /// A percentage, or the code of a failure.
    pub fn progress(&self, id: u32, step: i32, text: &str) -> (String, Value) {
        let params = json!({ "step": step.to_string(), "desc": text, "module": self.0.module });
        (self.named("/ota/device/progress", ""), json!({ "id": id.to_string(), "params": params }))
    }

    /// Asks for an upgrade that was pushed while nobody listened.
    pub fn get(&self, id: u32) -> (String, Value) {
        let message = json!({
            "id": id.to_string(),
            "version": "1.0",
            "params": { "module": self.0.module },
            "method": "thing.ota.firmware.get",
        });
        (self.named("/sys", "/thing/ota/firmware/get"), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Value {
        json!({ "code": "1000", "message": "success", "id": 1, "data": {
            "size": 432, "version": "2.0.0", "isDiff": 1, "url": "http://e.com/a.bin", "module": "MCU",
            "md5": "93230c3bde425a9d7984a594ac55ea1e", "sign": "93230C3BDE425A9D7984A594AC55EA1E", "signMethod": "Md5",
            "extData": { "_package_udi": "{\"smidgen\":{\"base_sha256\":\"ab\",\"ram\":16384}}" },
        }})
    }

    #[test]
    fn an_order_has_what_the_message_says() {
        let order = Order::read(message().to_string().as_bytes()).unwrap().unwrap();
        assert_eq!((order.size, order.version.as_str(), order.module.as_str()), (432, "2.0.0", "MCU"));
        assert_eq!((order.method, order.sign.as_str()), (Method::Md5, "93230c3bde425a9d7984a594ac55ea1e"));
        assert_eq!(order.base.as_deref(), Some("ab"));
    }

    #[test]
    fn a_reply_without_data_is_no_order() {
        for reply in [json!({ "id": "1", "code": 200, "data": {} }), json!({ "id": "1", "code": 200 })] {
            assert_eq!(Order::read(reply.to_string().as_bytes()), Ok(None));
        }
    }

    #[test]
    fn a_message_that_lacks_something_is_refused() {
        for member in ["size", "version", "url", "sign", "signMethod"] {
            let mut message = message();
            message["data"].as_object_mut().unwrap().remove(member);
            assert!(Order::read(message.to_string().as_bytes()).is_err(), "{member}");
        }
        assert!(Order::read(b"{").is_err());
        let mut message = message();
        message["data"]["sign"] = json!("../../etc/passwd");
        assert!(Order::read(message.to_string().as_bytes()).is_err());
    }

    #[test]
    fn another_address_of_the_same_package_is_the_same_order() {
        let order = Order::read(message().to_string().as_bytes()).unwrap().unwrap();
        assert!(order.is_same(&Order { url: "http://e.com/b.bin".to_owned(), ..order.clone() }));
        assert!(!order.is_same(&Order { version: "2.0.1".to_owned(), ..order.clone() }));
    }
}
