//! Mosquitto, and the service's connection to it.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rumqttc::{Client, Event, MqttOptions, Packet, QoS, SubscribeFilter};
use serde_json::Value;
use service::{Heard, hear};

use crate::process::{Process, command, free_port, wait_for};

pub struct Broker {
    pub port: u16,
    client: Client,
    heard: Receiver<Heard>,
    _program: Process,
}

impl Broker {
    /// Starts Mosquitto, and listens for the devices of a product.
    pub fn start(work: &Path, product: &str) -> Result<Self, String> {
        let port = free_port()?;
        let file = work.join("mosquitto.conf");
        // Its log tells whose connection has ended. Nothing is dropped: devices say a lot at the same time.
        let settings = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence false\nlog_type notice\n\
             log_dest topic\nmax_inflight_messages 0\nmax_queued_messages 0\n"
        );
        fs::write(&file, settings).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = command("mosquitto");
        command.arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let program = Process::start(&mut command)?;
        wait_for(port, "mosquitto")?;
        let (client, heard) = listen(port, product.to_owned())?;
        Ok(Self { port, client, heard, _program: program })
    }

    /// What was heard within a moment.
    pub fn heard(&self, most: Duration) -> Option<Heard> {
        self.heard.recv_timeout(most).ok()
    }

    pub fn send(&self, (topic, message): (String, Value)) -> Result<(), String> {
        let sent = self.client.publish(topic, QoS::AtLeastOnce, false, message.to_string());
        sent.map_err(|error| error.to_string())
    }
}

/// Returns when the broker has taken the subscriptions: nothing is missed.
fn listen(port: u16, product: String) -> Result<(Client, Receiver<Heard>), String> {
    let mut options = MqttOptions::new("service", "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(30)).set_inflight(1000);
    let (client, mut connection) = Client::new(options, 1000);
    let topics = [
        "/ota/device/inform/+/+",
        "/ota/device/progress/+/+",
        "/sys/+/+/thing/ota/firmware/get",
        "$SYS/broker/log/N",
    ];
    let filters = topics.map(|topic| SubscribeFilter::new(topic.to_owned(), QoS::AtLeastOnce));
    client.subscribe_many(filters).map_err(|error| error.to_string())?;
    let (sender, receiver) = channel();
    let (ready, is_ready) = channel();
    thread::spawn(move || {
        for event in connection.iter() {
            match event {
                Ok(Event::Incoming(Packet::SubAck(_))) => {
                    let _ = ready.send(());
                }
                Ok(Event::Incoming(Packet::Publish(message))) => {
                    let heard = hear(&product, &message.topic, &message.payload);
                    if heard.is_some_and(|heard| sender.send(heard).is_err()) {
                        return;
                    }
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    });
    is_ready.recv_timeout(Duration::from_secs(30)).map_err(|_| "the broker does not answer".to_owned())?;
    Ok((client, receiver))
}
