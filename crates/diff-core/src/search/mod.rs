//! Search: which stretches of a target resemble which stretches of a base.
//!
//! The search is the greedy scan bsdiff made popular, arranged so that it needs few lookups and runs on
//! all cores. [`Index`] answers "where does this string occur?", the scan picks exact matches worth
//! switching to, and the resolver grows them into approximate ones and decides where one ends and the
//! next begins. The result depends on the inputs and [`SearchOptions`] only, never on the number of threads.

mod blocks;
mod compare;
mod equal;
mod grams;
mod matches;
mod resolve;
mod scan;
mod seed;
mod suffix_array;
mod text;

pub(crate) use compare::common_prefix;
pub use equal::Equal;
pub use matches::{Match, SearchOptions};
pub use suffix_array::{Index, SearchError};

/// Finds the covers of `target`, in ascending `target_start`, not overlapping in `target`, each non-empty and within bounds.
///
/// Covers may overlap in the base. Bytes of `target` in no cover resemble nothing. Of a target
/// beyond 4 GiB only the part that [`Match`] can address is searched.
pub fn find_matches(index: &Index, target: &[u8], options: &SearchOptions) -> Vec<Match> {
    find_matches_around(index, target, &Equal::default(), options)
}

/// Like [`find_matches`], where it is known beforehand that some stretches of `target` are equal.
pub fn find_matches_around(
    index: &Index,
    target: &[u8],
    equal: &Equal,
    options: &SearchOptions,
) -> Vec<Match> {
    let target = &target[..target.len().min(u32::MAX as usize)];
    let seeds = scan::find_seeds(index, target, equal.stretches(), options);
    resolve::covers(index.base(), target, &seeds)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn search(base: &[u8], target: &[u8], stretch: usize) -> Vec<Match> {
        let index = Index::build(base).unwrap();
        let covers = find_matches(&index, target, &SearchOptions { stretch, ..SearchOptions::default() });
        check(base, target, &covers);
        covers
    }

    fn check(base: &[u8], target: &[u8], covers: &[Match]) {
        let mut end = 0;
        for cover in covers {
            assert!(cover.length > 0, "empty: {cover:?}");
            assert!(cover.target_start >= end, "overlaps: {cover:?}");
            end = cover.target_start + cover.length;
            assert!(end as usize <= target.len(), "leaves new: {cover:?}");
            assert!((cover.base_start + cover.length) as usize <= base.len(), "leaves old: {cover:?}");
        }
    }

    fn equal_bytes(base: &[u8], target: &[u8], covers: &[Match]) -> usize {
        let pairs = |cover: &Match| {
            let (o, n, l) = (cover.base_start as usize, cover.target_start as usize, cover.length as usize);
            base[o..o + l].iter().zip(&target[n..n + l]).filter(|(a, b)| a == b).count()
        };
        covers.iter().map(pairs).sum()
    }

    /// Bytes that look random and are always the same.
    fn noise(length: usize, mut state: u64) -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    /// One change to an image; positions are taken modulo its size.
    #[derive(Clone, Debug)]
    enum Edit {
        Set(usize, u8),
        Insert(usize, Vec<u8>),
        Remove(usize, usize),
        Move(usize, usize, usize),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
            (any::<usize>(), prop::collection::vec(any::<u8>(), 0..40))
                .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
            (any::<usize>(), 0..200usize).prop_map(|(at, length)| Edit::Remove(at, length)),
            (any::<usize>(), any::<usize>(), 0..300usize)
                .prop_map(|(from, to, length)| Edit::Move(from, to, length)),
        ]
    }

    fn apply(mut image: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
        for edit in edits {
            let place = |at: usize| at % (image.len() + 1);
            let reach = |at: usize, length: usize| at..(at + length).min(image.len());
            match edit {
                Edit::Set(at, byte) if !image.is_empty() => {
                    let at = at % image.len();
                    image[at] = *byte;
                }
                Edit::Set(..) => {}
                Edit::Insert(at, bytes) => drop(image.splice(place(*at)..place(*at), bytes.iter().copied())),
                Edit::Remove(at, length) => drop(image.drain(reach(place(*at), *length))),
                Edit::Move(from, to, length) => {
                    let part: Vec<u8> = image.drain(reach(place(*from), *length)).collect();
                    let to = to % (image.len() + 1);
                    image.splice(to..to, part);
                }
            }
        }
        image
    }

    fn within(limit: Duration, work: impl FnOnce()) {
        let start = Instant::now();
        work();
        assert!(start.elapsed() < limit, "took {:?}", start.elapsed());
    }

    proptest! {
        #[test]
        fn covers_of_edited_images_are_valid(
            length in 0..5000usize, seed: u64, alphabet in 1..=255u8, edits in prop::collection::vec(edit(), 0..30),
            stretch in 1..3000usize,
        ) {
            let base: Vec<u8> = noise(length, seed).into_iter().map(|byte| byte % alphabet).collect();
            let target = apply(base.clone(), &edits);
            search(&base, &target, stretch);
        }

        #[test]
        fn few_edits_leave_nearly_everything_covered(seed: u64, edits in prop::collection::vec(edit(), 0..10)) {
            let base = noise(20_000, seed);
            let target = apply(base.clone(), &edits);
            let covers = search(&base, &target, 1 << 12);
            // An edit brings at most 40 new bytes and cuts off at most three ends too short to be found.
            prop_assert!(equal_bytes(&base, &target, &covers) + edits.len() * 70 >= target.len());
        }

        #[test]
        fn common_prefix_agrees_with_the_definition(a: Vec<u8>, b: Vec<u8>, shared: Vec<u8>) {
            let (a, b) = ([&shared[..], &a].concat(), [&shared[..], &b].concat());
            let expected = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
            prop_assert_eq!(common_prefix(&a, &b), expected);
        }
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let base = noise(300_000, 7);
        let edits: Vec<Edit> = (0..200).map(|i| Edit::Move(i * 7919, i * 104_729, 150 + i)).collect();
        let target = apply(base.clone(), &edits);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| search(&base, &target, 10_000))
        };
        assert_eq!(run(1), run(2));
    }

    #[test]
    fn a_stretch_join_inside_a_match_costs_nothing() {
        let base = noise(50_000, 3);
        let target = [&base[20_000..], &base[..20_000]].concat();
        assert_eq!(search(&base, &target, 777), search(&base, &target, 1 << 20));
        assert_eq!(search(&base, &target, 777).len(), 2);
    }

    #[test]
    fn equal_images_are_one_cover() {
        let image = noise(100_000, 1);
        let covers = search(&image, &image, 1000);
        assert_eq!(covers, [Match { target_start: 0, base_start: 0, length: 100_000 }]);
    }

    #[test]
    fn empty_images_have_no_covers() {
        assert_eq!(search(&[], &[], 1000), []);
        assert_eq!(search(&[], b"something", 1000), []);
        assert_eq!(search(b"something", &[], 1000), []);
    }

    #[test]
    fn degenerate_images_are_fast() {
        let zeros = vec![0; 1 << 20];
        let ones = vec![0xff; 1 << 20];
        let periodic = |period: usize| (0..1 << 20).map(|i| (i % period) as u8).collect::<Vec<u8>>();
        let broken_runs = |run: usize| (0..1 << 20).map(|i| u8::from(i % run == 0)).collect::<Vec<u8>>();
        let images = [
            zeros,
            ones,
            periodic(3),
            periodic(250),
            broken_runs(1000),
            broken_runs(60_000),
            noise(1 << 20, 5),
        ];
        for base in &images {
            for target in &images {
                within(Duration::from_secs(5), || drop(search(base, target, 1 << 18)));
            }
        }
    }
}
