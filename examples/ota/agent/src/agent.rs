//! The agent: hears what the service wants, says how far it is, and does one upgrade at a time.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rumqttc::{Client, Event, MqttOptions, Packet, Publish, QoS, SubscribeFilter};
use serde_json::Value;

use crate::device::Device;
use crate::download;
use crate::failure::Failure;
use crate::messages::{Order, Topics};
use crate::state::{Report, State};
use crate::upgrade::upgrade;

/// Messages that may wait for the broker.
const WAITING: usize = 64;
/// The broker takes a device that is silent for longer as gone.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_secs(1);
/// Progress is told in steps of so many percent: each is a message.
const STEP: i32 = 10;

/// What the thread of the connection and that of the upgrade share.
struct Agent {
    device: Device,
    client: Client,
    state: Mutex<State>,
    /// The number of the last message.
    id: AtomicU32,
    /// Whether there is a connection. Without one nothing is said: when it comes, so does what counts.
    connected: AtomicBool,
    /// Messages that the broker has not acknowledged.
    unacknowledged: AtomicI32,
    /// The progress that was told last.
    progress: AtomicI32,
    /// Whether there is a new image to start.
    is_upgraded: AtomicBool,
}

/// Starts what a boot loader would start, and then listens for ever.
pub fn run(device: Device) -> Result<(), String> {
    let mut state = State::read(&device)?;
    state.boot(&device)?;
    if state.order.is_none() {
        download::tidy(&device, "").map_err(|error| error.to_string())?;
    }
    let mut options = MqttOptions::new(device.client_id(), &device.broker, device.port);
    // What this device missed while it was away, it asks for.
    options.set_clean_session(true).set_keep_alive(KEEP_ALIVE);
    if !device.user.is_empty() {
        options.set_credentials(&device.user, &device.password);
    }
    let (client, mut connection) = Client::new(options, WAITING);
    let agent = Arc::new(Agent {
        device,
        client,
        state: Mutex::new(state),
        id: AtomicU32::new(0),
        connected: AtomicBool::new(false),
        unacknowledged: AtomicI32::new(0),
        progress: AtomicI32::new(0),
        is_upgraded: AtomicBool::new(false),
    });
    // An upgrade that the last run did not finish.
    agent.begin();
    for event in connection.iter() {
        if agent.is_upgraded.load(Ordering::SeqCst) {
            agent.restart();
        }
        match event {
            Ok(Event::Incoming(Packet::ConnAck(_))) => agent.greet(),
            Ok(Event::Incoming(Packet::PubAck(_))) => agent.acknowledged(),
            Ok(Event::Incoming(Packet::Publish(message))) => agent.receive(&message),
            Ok(_) => {}
            Err(_) => {
                agent.connected.store(false, Ordering::SeqCst);
                thread::sleep(PAUSE);
            }
        }
    }
    Ok(())
}

impl Agent {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it has the state")
    }

    /// Replaces the state, in the file first.
    fn remember(&self, place: &mut State, state: State) {
        match state.write(&self.device) {
            Ok(()) => *place = state,
            Err(error) => self.give_up(&format!("state.json: {error}")),
        }
    }

    /// Without its memory, a device cannot go on: whatever watches over it starts it again.
    fn give_up(&self, reason: &str) -> ! {
        eprintln!("agent: {}: {reason}", self.device.name);
        std::process::exit(1)
    }

    /// Says who is there. During an upgrade, no version: one that is not the new one would mean that it failed.
    fn greet(&self) {
        self.unacknowledged.store(0, Ordering::SeqCst);
        self.connected.store(true, Ordering::SeqCst);
        let topics = Topics(&self.device);
        let filters = [topics.upgrade(), topics.get_reply()];
        let filters = filters.map(|topic| SubscribeFilter::new(topic, QoS::AtLeastOnce));
        let _ = self.client.try_subscribe_many(filters);
        let state = self.state();
        if state.order.is_some() {
            self.tell(self.progress.load(Ordering::SeqCst), "");
            return;
        }
        if let Some(Report { step, text }) = &state.report {
            self.tell(*step, text);
        }
        if let Some(image) = state.image() {
            self.publish(topics.inform(self.id(), &image.version));
        }
        self.publish(topics.get(self.id()));
    }

    /// The report of the last upgrade has arrived when everything has.
    fn acknowledged(&self) {
        self.unacknowledged.fetch_sub(1, Ordering::SeqCst);
        let mut state = self.state();
        // Whoever sets a report sends it before the state is free again, but for that of a new image, which begins with it.
        let all_told = self.unacknowledged.load(Ordering::SeqCst) == 0;
        if state.report.is_some() && all_told && !self.is_upgraded.load(Ordering::SeqCst) {
            let told = State { report: None, ..state.clone() };
            self.remember(&mut state, told);
        }
    }

    /// A message of the service: one that it pushes, or its answer to [`Topics::get`].
    fn receive(self: &Arc<Self>, message: &Publish) {
        let order = match Order::read(&message.payload) {
            Ok(Some(order)) => order,
            Ok(None) => return,
            Err(error) => return self.tell(-1, &format!("the message cannot be understood: {error}")),
        };
        let mut state = self.state();
        match &state.order {
            // It comes twice if this device was away.
            Some(current) if current.is_same(&order) => {
                return self.tell(self.progress.load(Ordering::SeqCst), "");
            }
            Some(_) => return self.tell(-1, "another upgrade is going on"),
            None => {}
        }
        if state.image().is_some_and(|image| image.version == order.version) {
            return self.already(&state, &order);
        }
        let accepted = State { order: Some(order), report: None, ..state.clone() };
        self.remember(&mut state, accepted);
        drop(state);
        self.begin();
    }

    /// The version is there already: the service has not heard of it yet.
    fn already(&self, state: &State, order: &Order) {
        self.tell(100, &format!("{} runs", order.version));
        if let Some(image) = state.image() {
            self.publish(Topics(&self.device).inform(self.id(), &image.version));
        }
    }

    /// Goes on with the upgrade that the state tells of, on a thread of its own.
    fn begin(self: &Arc<Self>) {
        let state = self.state().clone();
        let Some(order) = state.order.clone() else { return };
        self.progress.store(0, Ordering::SeqCst);
        self.tell(0, "");
        let agent = Arc::clone(self);
        thread::spawn(move || match upgrade(&agent.device, &state, &order, &|step| agent.progress(step)) {
            Ok(new) => agent.finish(new),
            Err(failure) => agent.fail(failure),
        });
    }

    fn progress(&self, step: i32) {
        let last = self.progress.load(Ordering::SeqCst);
        if step / STEP > last / STEP {
            self.progress.store(step, Ordering::SeqCst);
            self.tell(step, "");
        }
    }

    fn fail(&self, Failure { code, text }: Failure) {
        eprintln!("agent: {}: failed ({code}): {text}", self.device.name);
        let mut state = self.state();
        let report = Some(Report { step: code, text: text.clone() });
        let failed = State { order: None, report, ..state.clone() };
        self.remember(&mut state, failed);
        self.tell(code, &text);
    }

    /// The new image is what a boot loader starts from now on: the thread of the connection is told to make room for it.
    fn finish(&self, new: State) {
        let mut state = self.state();
        self.is_upgraded.store(true, Ordering::SeqCst);
        self.remember(&mut state, new);
        let _ = self.client.try_disconnect();
    }

    /// The new image begins: here, as the same program once more, which reports 100 and its version.
    fn restart(&self) -> ! {
        // Not before the state is written.
        let _state = self.state();
        let program = std::env::current_exe().unwrap_or_else(|error| self.give_up(&error.to_string()));
        let error = Command::new(program).arg(&self.device.folder).exec();
        self.give_up(&format!("the device does not start again: {error}"))
    }

    fn tell(&self, step: i32, text: &str) {
        self.publish(Topics(&self.device).progress(self.id(), step, text));
    }

    /// If too many messages wait already, this one is left out: what must arrive is told again at the next connection.
    fn publish(&self, (topic, message): (String, Value)) {
        if !self.connected.load(Ordering::SeqCst) {
            return;
        }
        self.unacknowledged.fetch_add(1, Ordering::SeqCst);
        if self.client.try_publish(topic, QoS::AtLeastOnce, false, message.to_string()).is_err() {
            self.unacknowledged.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn id(&self) -> u32 {
        self.id.fetch_add(1, Ordering::SeqCst) + 1
    }
}
