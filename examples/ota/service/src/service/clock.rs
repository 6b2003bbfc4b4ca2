//! What the time brings: pushes at their rate, time-outs, the end of a schedule.

use super::{Batch, Push, Service};
use crate::task::{Cause, Stage};
use crate::{MINUTE, Millis};

impl Service {
    /// Does what the time brings, and returns what is to be sent.
    pub fn tick(&mut self, now: Millis) -> Vec<Push> {
        for index in self.active.values().copied().collect::<Vec<_>>() {
            if self.batch_of(index).plan.schedule_end().is_some_and(|end| end <= now) {
                self.end(index, Stage::Cancelled);
            } else if self.time_out(index).is_some_and(|end| end <= now) {
                self.fail(now, index, Cause::TimeOut);
            }
        }
        let mut due: Vec<usize> = self.active.values().copied().collect();
        // By the order of the batches, and in a batch by the names of the devices.
        due.sort_unstable();
        due.into_iter().filter_map(|index| self.push(now, index)).collect()
    }

    /// When a tick has something to do, if nobody says anything until then.
    #[must_use]
    pub fn next(&self, now: Millis) -> Option<Millis> {
        let of = |&index: &usize| {
            let task = &self.tasks[index];
            let batch = self.batch_of(index);
            let online = self.devices[&task.device].online;
            let push = task.due.filter(|_| online).map(|due| due.max(batch.free(now)));
            let end = batch.plan.schedule_end();
            // One that is scheduled changes what is shown, also if the device is away.
            let start = task.due.filter(|&due| due > now);
            [push, end, start, self.time_out(index)].into_iter().flatten().min()
        };
        self.active.values().filter_map(of).min()
    }

    fn time_out(&self, index: usize) -> Option<Millis> {
        let minutes = self.batch_of(index).plan.timeout_minutes;
        let first = self.tasks[index].first_report?;
        Some(first + Millis::from(minutes) * MINUTE)
    }

    fn push(&mut self, now: Millis, index: usize) -> Option<Push> {
        let task = &mut self.tasks[index];
        let batch = &mut self.batches[task.batch.0];
        let is_due = task.due.is_some_and(|due| due <= now) && self.devices[&task.device].online;
        if !is_due || batch.free(now) > now {
            return None;
        }
        batch.pushes.retain(|&push| push + MINUTE > now);
        batch.pushes.push_back(now);
        (task.due, task.retrying) = (None, false);
        if task.stage == Stage::ToBePushed {
            task.stage = Stage::Pushed;
        }
        Some(Push { device: task.device.clone(), firmware: batch.firmware })
    }
}

impl Batch {
    /// When the rate allows another push.
    fn free(&self, now: Millis) -> Millis {
        let last_minute = self.pushes.iter().filter(|&&push| push + MINUTE > now);
        let count = last_minute.clone().count();
        let oldest = last_minute.min().copied().unwrap_or(now);
        if count < self.plan.rate as usize { now } else { oldest + MINUTE }
    }
}
