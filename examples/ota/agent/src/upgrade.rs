//! An upgrade from the order to the moment before the restart: download, check, restore, switch.

use crate::device::Device;
use crate::download::download;
use crate::failure::Failure;
use crate::messages::Order;
use crate::restore::{Restored, restore};
use crate::state::{Report, State};

/// The percentages of the steps: the last one is reported by the new image.
const DOWNLOADED: u64 = 50;
const RESTORED: u64 = 99;

/// Does all of it, and returns the state to restart with. Whatever an earlier run has done of it is not done again.
pub fn upgrade(
    device: &Device,
    state: &State,
    order: &Order,
    progress: &dyn Fn(i32),
) -> Result<State, Failure> {
    refuse(device, state, order)?;
    let package = download(device, order, &|there| progress((there * DOWNLOADED / order.size) as i32))?;
    let restoring =
        |percent: u8| progress((DOWNLOADED + u64::from(percent) * (RESTORED - DOWNLOADED) / 100) as i32);
    let Restored { image, rollback_counter } = restore(device, state, order, &package, &restoring)?;
    let mut new = State { running: state.other(), rollback_counter, ..state.clone() };
    new.slots[state.other()] = Some(image);
    new.order = None;
    new.report = Some(Report { step: 100, text: format!("{} runs", order.version) });
    Ok(new)
}

/// What can be told from the message alone costs no download.
fn refuse(device: &Device, state: &State, order: &Order) -> Result<(), Failure> {
    if order.module != device.module {
        return Err(Failure::verification(format!("this device has no module {}", order.module)));
    }
    if order.size == 0 || order.size > u64::from(device.slot_size) {
        return Err(Failure::upgrade(format!("no room for a package of {} bytes", order.size)));
    }
    let image = state.image();
    if order.base.is_some() && order.base.as_ref() != image.map(|image| &image.sha256) {
        return Err(Failure::verification("the package is for another image than the one that runs"));
    }
    Ok(())
}
