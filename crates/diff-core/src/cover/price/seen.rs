//! Averages of the costs of one kind of event.

/// The weight of the previous price against observations, in events.
const PRIOR: u64 = 16;

/// The events of one kind that were observed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    count: u64,
    cost: u64,
}

impl Seen {
    pub(crate) fn add(&mut self, cost: u64) {
        self.count += 1;
        self.cost += cost;
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.cost += other.cost;
    }

    /// The average, not far from the price `before` if there were few.
    pub(crate) fn average(&self, before: u32) -> u32 {
        ((self.cost + PRIOR * u64::from(before)) / (self.count + PRIOR)).max(1) as u32
    }
}

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
