//! What was observed of events of one kind: how many, and what they cost.

/// How much the price from before counts for against what is observed, in events.
const HABIT: u64 = 16;

/// What was seen of one kind of event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    count: u64,
    cost: u64,
}

impl Seen {
    /// One more event.
    pub(crate) fn add(&mut self, cost: u64) {
        self.count += 1;
        self.cost += cost;
    }

    /// Events of another kind as well.
    pub(crate) fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.cost += other.cost;
    }

    /// The average, not far from the price `before` if there were few.
    pub(crate) fn average(&self, before: u32) -> u32 {
        ((self.cost + HABIT * u64::from(before)) / (self.count + HABIT)).max(1) as u32
    }
}

/// Replaces prices by what was observed.
pub(crate) fn learn(prices: &mut [u32], seen: &[Seen]) {
    for (price, seen) in prices.iter_mut().zip(seen) {
        *price = seen.average(*price);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_events_change_little_and_many_everything() {
        let mut seen = Seen::default();
        assert_eq!(seen.average(100), 100);
        seen.add(1000);
        assert!((101..200).contains(&seen.average(100)));
        (0..100_000).for_each(|_| seen.add(1000));
        assert_eq!(seen.average(100), 999);
    }
}
