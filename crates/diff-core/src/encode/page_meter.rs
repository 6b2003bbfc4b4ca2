//! Meters what the pages of a target cost with one kind, and leaves out what cannot change which kind is best.

use smidgen_patch::internals::entropy::{Coder, CostMeter};

use super::pages::{CHANGE, PAGE, PageCosts};

/// A cost meter for a walk with one kind of page. Literals cost the same whatever the kind is.
///
/// Beside a rival, what is left of a page is passed over once the page is so dear that going over to the rival's kind and
/// back would be cheaper. Pages that cost the rival next to nothing are metered all the same: thousands of them add up.
pub(super) struct PageMeter<'a> {
    meter: CostMeter,
    /// What the pages cost with a kind that was tried before.
    rival: Option<&'a PageCosts>,
    /// The cost up to the end of each page that is done, and what was metered until then.
    by_page: Vec<u64>,
    metered: u64,
}

impl<'a> PageMeter<'a> {
    pub(super) fn beside(rival: Option<&'a PageCosts>) -> Self {
        Self { meter: CostMeter::default(), rival, by_page: Vec::new(), metered: 0 }
    }

    /// What the pages of a target of `size` bytes cost, after a walk to the end of it or of a lane.
    pub(super) fn page_costs(mut self, size: usize) -> PageCosts {
        self.end_pages_before(size.div_ceil(PAGE));
        PageCosts { by_page: self.by_page }
    }

    fn end_pages_before(&mut self, page: usize) {
        while self.by_page.len() < page {
            let cost = self.meter.total() - self.metered;
            self.metered = self.meter.total();
            self.by_page.push(self.by_page.last().unwrap_or(&0) + cost);
        }
    }
}

impl Coder for PageMeter<'_> {
    fn code(&mut self, probability: u16, bit: bool) -> bool {
        self.meter.code(probability, bit)
    }

    fn skips_literals(&self) -> bool {
        true
    }

    fn skips_copies(&mut self, position: u32) -> u32 {
        let page = position as usize / PAGE;
        self.end_pages_before(page);
        let Some(rival) = self.rival else { return 0 };
        if self.meter.total() - self.metered > rival.of(page) + 2 * CHANGE {
            (PAGE - position as usize % PAGE) as u32
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use smidgen_patch::header::PageKind;

    use super::*;
    use crate::encode::cheapest;

    const BLOCK: u32 = 64;

    /// Meters pages with so many events of one bit in each block; returns how many bytes were not passed over.
    fn meter(rival: Option<&PageCosts>, pages: &[u32]) -> (usize, PageCosts) {
        let mut meter = PageMeter::beside(rival);
        let (mut position, mut walked) = (0, 0);
        while position < (pages.len() * PAGE) as u32 {
            let over = meter.skips_copies(position);
            if over == 0 {
                (0..pages[position as usize / PAGE]).for_each(|_| _ = meter.code(0x8000, true));
                walked += BLOCK as usize;
            }
            position += over.max(BLOCK);
        }
        (walked, meter.page_costs(pages.len() * PAGE))
    }

    #[test]
    fn pages_are_given_up_where_the_rival_does_better() {
        let bits = |costs: &PageCosts| (0..4).map(|page| costs.of(page) / 256).collect::<Vec<_>>();
        let blocks = (PAGE / BLOCK as usize) as u64;
        let (walked, costs) = meter(None, &[0, 2, 1, 1]);
        // The meter's table is not quite exact.
        let page = bits(&costs)[2];
        assert!(page <= blocks && page + 2 >= blocks);
        assert_eq!((walked, bits(&costs)), (4 * PAGE, vec![0, 2 * page, page, page]));
        let (walked, others) = meter(Some(&costs), &[1, 1, 1, 9]);
        let [nothing, given_up] = [bits(&others)[0], bits(&others)[3]];
        assert_eq!(bits(&others)[1..3], [page, page]);
        assert!(given_up > blocks + 2 * CHANGE / 256 && given_up < 9 * blocks);
        assert!(nothing > 0 && walked < 3 * PAGE, "{walked}");
    }

    /// A kernel was 40 % larger when pages were passed over that cost less than one change of kind.
    #[test]
    fn pages_that_cost_little_add_up() {
        let rival = PageCosts { by_page: (1..=100).map(|page| page * CHANGE / 4).collect() };
        let (_, others) = meter(Some(&rival), &[0; 100]);
        let (cost, pages) = cheapest(&[(PageKind::Thumb, rival), (PageKind::Bytes, others)]);
        assert_eq!((cost, pages.kinds.as_slice()), (0, [PageKind::Bytes].as_slice()));
    }
}
