//! Decisions of any sort come back: those of real encoders, and random ones that no encoder would make.

use std::vec;
use std::vec::Vec;

use super::header::{Header, Step, expected_lengths};
use super::token::{ODD, distance_symbol, length_symbol};
use super::*;
use crate::Error;

/// A generator of numbers, always the same for a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((self.0 >> 33) * u64::from(limit)) >> 31) as u32
    }
}

/// Plain bytes with repetitions of all lengths.
fn plain(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random(seed);
    let mut plain: Vec<u8> = Vec::new();
    while plain.len() < length {
        let bits = 1 + random.below(9);
        let run = 1 + random.below(1 << bits) as usize;
        if plain.is_empty() || random.below(3) == 0 {
            plain.extend((0..run).map(|_| random.below(40) as u8));
        } else {
            let from = random.below(plain.len() as u32) as usize;
            (from..from + run).for_each(|at| plain.push(plain[at]));
        }
    }
    plain.truncate(length);
    plain
}

/// The stream of these decisions, its corrections, and what the decoder makes of them.
fn check(
    plain: &[u8],
    parsed: &Parsed,
    parameters: &Parameters,
    followed: Option<(&Trace, &[Segment])>,
) -> usize {
    let (trace, segments) =
        followed.map_or((None, [].as_slice()), |(trace, segments)| (Some(trace), segments));
    let (corrections, stream) = corrections(plain, parsed, parameters, trace, segments).unwrap();
    assert_eq!(Parsed::new(&stream, usize::MAX).as_ref(), Some(parsed));
    assert!(miniz_oxide::inflate::decompress_to_vec(&stream).unwrap() == plain);
    let made = made(&corrections, plain, parsed.most_tokens() as u32, trace).unwrap();
    assert!(made == stream);
    corrections.len()
}

fn made(corrections: &[u8], plain: &[u8], most: u32, trace: Option<&Trace>) -> Result<Vec<u8>, Error> {
    let mut buffer = vec![0; room(corrections)];
    let mut recreator = remake(corrections, &mut buffer, plain.len() as u32, most, trace)?;
    let mut made = Vec::new();
    let mut out = |bytes: &[u8]| {
        made.extend_from_slice(bytes);
        Ok(())
    };
    // In parts of any size.
    for part in plain.chunks(1 + plain.len() / 7) {
        recreator.push(part, &mut out)?;
    }
    let coder = recreator.finish(&mut out)?;
    coder.finish().map_err(|_| Error::Corrupt)?;
    Ok(made)
}

/// Decisions that are valid for these bytes, and of which no encoder would make many.
fn any_decisions(plain: &[u8], seed: u64) -> Parsed {
    let mut random = Random(seed);
    let mut parsed = Parsed { plain: plain.len() as u32, ..Parsed::default() };
    let mut at = 0;
    loop {
        let kind = random.below(4);
        let start = parsed.tokens.len();
        let kind = if kind == 0 {
            at += random.below(3000).min((plain.len() - at) as u32) as usize;
            Kind::Stored(0)
        } else {
            let count = random.below(2000);
            for _ in 0..count {
                let Some(token) = any_token(plain, at, &mut random) else { break };
                at += token.span() as usize;
                parsed.tokens.push(token);
            }
            if kind == 1 {
                Kind::Fixed
            } else {
                Kind::Dynamic(any_header(plain, at, &parsed.tokens[start..], &mut random))
            }
        };
        let is_last = at == plain.len() && random.below(2) == 0;
        parsed.blocks.push(Block { kind, tokens: parsed.tokens.len(), plain: at as u32, is_last });
        if is_last {
            return parsed;
        }
    }
}

fn any_token(plain: &[u8], at: usize, random: &mut Random) -> Option<Token> {
    let rest = plain.get(at..).filter(|rest| !rest.is_empty())?;
    if at > 0 && random.below(4) > 0 {
        let distance = 1 + random.below(at.min(32768) as u32) as usize;
        let same =
            rest.iter().zip(&plain[at - distance..]).take(258).take_while(|(one, two)| one == two).count();
        if same >= 3 {
            let length =
                if random.below(2) == 0 { same as u32 } else { 3 + random.below(same as u32 - 2) } as u16;
            let is_odd = length == 258 && random.below(2) == 0;
            return Some(Token { length: if is_odd { ODD } else { length }, distance: distance as u16 });
        }
    }
    Some(Token::LITERAL)
}

/// A header for these tokens, the last of which ends at `end`: zlib's, or one with other lengths, steps and counts.
fn any_header(plain: &[u8], end: usize, tokens: &[Token], random: &mut Random) -> Header {
    let (mut literals, mut distances) = ([0; 286], [0; 30]);
    let mut at = end - tokens.iter().map(|token| token.span() as usize).sum::<usize>();
    for token in tokens {
        if token.is_match() {
            literals[usize::from(length_symbol(token.length).symbol)] += 1;
            distances[usize::from(distance_symbol(token.distance).symbol)] += 1;
        } else {
            literals[usize::from(plain[at])] += 1;
        }
        at += token.span() as usize;
    }
    let is_other = random.below(2) == 0;
    if is_other {
        (0..40).for_each(|_| literals[random.below(286) as usize] += random.below(100));
        (0..4).for_each(|_| distances[random.below(30) as usize] += random.below(100));
    }
    let (literals, distances) = expected_lengths(&literals, &distances);
    let header = Header::expected(&literals, &distances);
    if !is_other {
        return header;
    }
    let steps = header.steps.iter().flat_map(|&step| {
        let single = |symbol| vec![Step { symbol, extra: 0 }; step.span()];
        match step.symbol {
            17 | 18 if random.below(3) == 0 => single(0),
            // A zero, and copies of it.
            17 if step.span() >= 4 && step.span() <= 7 => {
                vec![Step { symbol: 0, extra: 0 }, Step { symbol: 16, extra: step.span() as u8 - 4 }]
            }
            _ => vec![step],
        }
    });
    let steps = steps.collect();
    let mut header = Header::of_steps(header.literals, header.distances, steps);
    header.count = 19 - random.below(u32::from(19 - header.count) + 1) as u16;
    header
}

const PARAMETERS: [Parameters; 3] = [
    Parameters { finder: Finder::new(9, 15), border: Border::End },
    Parameters { finder: Finder::new(6, 16), border: Border::Gzip },
    Parameters { finder: Finder::new(1, 8), border: Border::Tokens(100) },
];

#[test]
fn any_decisions_come_back() {
    for seed in 0..60 {
        let plain = plain(seed, [0, 1, 2, 3, 300, 40_000, 90_000][seed as usize % 7]);
        let parsed = any_decisions(&plain, seed);
        for parameters in &PARAMETERS {
            check(&plain, &parsed, parameters, None);
        }
    }
}

#[test]
fn any_decisions_can_be_followed() {
    for seed in 0..40 {
        let theirs = plain(seed, 30_000);
        let (trace, parsed) = trace_of(&theirs, seed);
        let exact = [Segment { end: u32::MAX, displacement: Some(0) }];
        let alone = check(&theirs, &parsed, &PARAMETERS[0], None);
        let same = check(&theirs, &parsed, &PARAMETERS[0], Some((&trace, &exact)));
        assert!(same < alone, "{same} and {alone}");
        // Whatever the segments say.
        let mut random = Random(seed);
        let mut end = 0;
        let segments: Vec<Segment> = (0..20)
            .map(|_| {
                end += 1 + random.below(4000);
                let displacement =
                    (random.below(4) > 0).then(|| random.below(1 << 31) as i32 >> random.below(31));
                Segment { end, displacement }
            })
            .collect();
        let mine = plain(seed + 1, 50_000);
        let parsed = any_decisions(&mine, seed + 1);
        check(&mine, &parsed, &PARAMETERS[seed as usize % 3], Some((&trace, &segments)));
    }
}

fn trace_of(plain: &[u8], seed: u64) -> (Trace, Parsed) {
    let parsed = any_decisions(plain, seed);
    let (_, stream) = corrections(plain, &parsed, &PARAMETERS[0], None, &[]).unwrap();
    (Trace::read(&stream, parsed.tokens.len() as u32).unwrap(), parsed)
}

#[test]
fn streams_of_a_real_encoder_come_back_and_cost_less_than_any() {
    for level in 0..=10 {
        let plain = plain(7, 100_000);
        let stream = miniz_oxide::deflate::compress_to_vec(&plain, level);
        let parsed = Parsed::new(&stream, usize::MAX).unwrap();
        let cost = check(&plain, &parsed, &PARAMETERS[0], None);
        assert!(level == 0 || cost < stream.len() / 4, "level {level}: {cost} of {}", stream.len());
        assert_eq!(Parsed::new(&stream[..stream.len() - 1], usize::MAX), None);
        assert_eq!(
            Parsed::new(&stream, parsed.tokens.len().wrapping_sub(1)).is_none(),
            !parsed.tokens.is_empty()
        );
    }
}

#[test]
fn what_comes_behind_much_that_is_stored_is_still_predicted() {
    let mut random = Random(5);
    let noise: Vec<u8> = (0..400_000).map(|_| random.below(256) as u8).collect();
    let (before, behind) = (plain(6, 20_000), plain(7, 200_000));
    let parameters = Parameters { finder: Finder::new(9, 15), border: Border::End };
    let cost = |plain: &[u8]| {
        let stream = miniz_oxide::deflate::compress_to_vec(plain, 9);
        let parsed = Parsed::new(&stream, usize::MAX).unwrap();
        (check(plain, &parsed, &parameters, None), parsed)
    };
    let (without, _) = cost(&[&before[..], &behind].concat());
    let (with, parsed) = cost(&[&before[..], &noise, &behind].concat());
    let stored = parsed.blocks.iter().filter(|block| matches!(block.kind, Kind::Stored(_))).count();
    assert!(stored > 5 && with < without + without / 4, "{stored} blocks stored, {with} and {without} bytes");
}

#[test]
fn corrections_of_any_bytes_end_and_make_no_more_than_they_may() {
    let theirs = plain(3, 20_000);
    let (trace, _) = trace_of(&theirs, 3);
    let mut random = Random(3);
    let mut wrong = 0;
    for case in 0..2000 {
        let plain = plain(case % 5, 3000);
        let followed = (case % 2 == 0).then_some(&trace);
        let corrections: Vec<u8> = if case % 3 == 0 {
            let length = random.below(300);
            [9, 1].into_iter().chain((0..length).map(|_| random.below(256) as u8)).collect()
        } else {
            let parsed = any_decisions(&plain, case);
            let segments = [Segment { end: 1000, displacement: Some(7) }];
            let (mut corrections, _) =
                super::corrections(&plain, &parsed, &PARAMETERS[case as usize % 3], followed, &segments)
                    .unwrap();
            let at = random.below(corrections.len() as u32) as usize;
            corrections[at] ^= 1 << random.below(8);
            if case % 4 == 0 {
                corrections.truncate(at);
            }
            corrections
        };
        match made(&corrections, &plain, 3000, followed) {
            // Blocks without tokens are the only ones that make bytes of nothing.
            Ok(made) => assert!(made.len() < 100_000),
            // Not that the package ends early, whatever is missing of the corrections.
            Err(error) => {
                assert_eq!(error, Error::Corrupt, "case {case}");
                wrong += 1;
            }
        }
    }
    assert!(wrong > 1000, "{wrong}");
}
