//! Finds the instruction forms of a processor that has no file of its own, for `docs/format.md`, section 3.6.
//!
//! An operand that is an address shows where something moved: where a copied instruction differs in its operand alone, and by
//! just as much as what it would point at moved, it is one. By chance that is rare, so a few dozen suffice.

mod layouts;
mod moves;

use std::collections::BTreeMap;

use rayon::prelude::*;
use smidgen_patch::header::{Description, Forms, MAX_FORMS};

use crate::images::Images;
use layouts::layouts;
use moves::{Change, Moves, shift};

/// Fewer operands than this that are explained are chance.
const LEAST: usize = 24;
/// By chance, much less than one change in so many is explained.
const PART: usize = 4;
/// Operands that all moved alike are explained by many forms and addresses.
const LEAST_SHIFTS: usize = 3;
/// Opcodes of a layout that are looked at: those that changed most.
const MOST_OPCODES: usize = 32;
/// Bytes of each image that are looked at.
const LOOKED_AT: usize = 4 << 20;

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) forms: Forms,
    /// Where the image runs, if absolute operands say so.
    pub(crate) base_address: Option<u32>,
}

/// A form, and which changed instructions it explains.
struct Candidate {
    form: Description,
    changes: Vec<Change>,
    base_address: u32,
    /// Those of the changes whose operands went where what they point at went.
    explained: Vec<Change>,
}

/// The forms that explain most of what changed between both images; `base_address` is the address of the base if it is known.
pub(crate) fn forms(images: Images, base_address: Option<u32>) -> Option<Found> {
    let cut = |image| <[u8]>::split_at_checked(image, LOOKED_AT).map_or(image, |(start, _)| start);
    let moves = Moves::new(Images { base: cut(images.base), target: cut(images.target) })?;
    let of_layout = |layout: &Description| candidates(&moves, layout, base_address);
    let mut candidates: Vec<Candidate> = layouts().par_iter().flat_map_iter(of_layout).collect();
    let mut chosen: Vec<Description> = Vec::new();
    let mut address = base_address;
    let mut claimed = vec![false; moves.images.target.len()];
    loop {
        let gain = |candidate: &Candidate| {
            let new = |change: &&Change| moves.differs(change, candidate.form.length, &claimed);
            candidate.explained.iter().filter(new).count()
        };
        let gains: Vec<usize> = candidates.par_iter().map(gain).collect();
        let best = (0..gains.len()).max_by_key(|&index| (gains[index], std::cmp::Reverse(index)));
        let Some(best) = best.filter(|&best| gains[best] >= LEAST) else { break };
        let candidate = candidates.remove(best);
        for change in &candidate.explained {
            claimed[change.to as usize..][..candidate.form.length.into()].fill(true);
        }
        add(&mut chosen, candidate.form);
        if chosen.len() > MAX_FORMS {
            chosen.truncate(MAX_FORMS);
            break;
        }
        if !candidate.form.relative && address.is_none() {
            // From now on, operands count from here.
            address = Some(candidate.base_address);
            candidates.iter_mut().for_each(|other| other.explain(&moves, candidate.base_address));
        }
    }
    let forms = Forms::new(&chosen).filter(|_| !chosen.is_empty())?;
    Some(Found { forms, base_address: address.filter(|_| base_address.is_none()) })
}

/// The forms of a layout, an opcode each, that explain more than chance of how their operands changed.
fn candidates(moves: &Moves, layout: &Description, base_address: Option<u32>) -> Vec<Candidate> {
    let mut by_opcode: BTreeMap<u32, Vec<Change>> = BTreeMap::new();
    for (opcode, change) in moves.changes(layout) {
        by_opcode.entry(opcode).or_default().push(change);
    }
    let mut opcodes: Vec<(u32, Vec<Change>)> =
        by_opcode.into_iter().filter(|(_, changes)| changes.len() >= LEAST).collect();
    opcodes.sort_by_key(|(opcode, changes)| (std::cmp::Reverse(changes.len()), *opcode));
    opcodes.truncate(MOST_OPCODES);
    let candidate = |(value, changes): (u32, Vec<Change>)| {
        let form = Description { value, ..*layout };
        let address = match base_address {
            Some(address) => address,
            None if form.relative => 0,
            None => moves.origin(&form, &changes),
        };
        let mut candidate = Candidate { form, changes, base_address: address, explained: Vec::new() };
        candidate.explain(moves, address);
        candidate
    };
    opcodes.into_iter().map(candidate).collect()
}

/// Adds a form, or lets one that differs in one bit of the opcode stand for both: calls and jumps often do.
fn add(forms: &mut Vec<Description>, mut form: Description) {
    let alike = |known: &Description| {
        let same = Description { value: form.value, ..*known } == form;
        same && (known.value ^ form.value).count_ones() == 1
    };
    if let Some(place) = forms.iter().position(alike) {
        form.mask &= !(forms[place].value ^ form.value);
        form.value &= form.mask;
        forms[place] = form;
    } else {
        forms.push(form);
    }
}

impl Candidate {
    /// Looks at the changes anew, where the base begins at `address`.
    fn explain(&mut self, moves: &Moves, address: u32) {
        let explains = |change: &&Change| moves.explains(&self.form, address, change);
        self.explained = self.changes.iter().filter(explains).copied().collect();
        let mut shifts: Vec<i32> = self.explained.iter().map(|change| shift(&self.form, change)).collect();
        shifts.sort_unstable();
        shifts.dedup();
        if self.explained.len() * PART < self.changes.len() || shifts.len() < LEAST_SHIFTS {
            self.explained.clear();
        }
    }
}
