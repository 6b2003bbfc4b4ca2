//! Runs attacks, or one case of them again.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::exit;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use attack::ATTACKS;
use attack::measure::{Counting, GIVE_UP, Tally};
use attack::packages::Stock;

#[global_allocator]
static HEAP: Counting = Counting;

const USAGE: &str = "\
attack [run] [--seconds N] [--cases N] [--first CASE] [ATTACK...]
attack replay ATTACK CASE
attack replay FILE      as it was left in target/attack";

/// No case takes as long, on a slow and busy machine either.
const LONGEST: Duration = Duration::from_secs(120);
/// Failed runs after which an attack counts as successful.
const ENOUGH: u64 = 10;

/// The current attack, for the message of a time-out.
static ATTACK: AtomicUsize = AtomicUsize::new(0);
static CASE: AtomicU64 = AtomicU64::new(0);
static BUSY: AtomicBool = AtomicBool::new(false);
static PANIC: Mutex<String> = Mutex::new(String::new());

struct Choice {
    seconds: u64,
    cases: u64,
    first: u64,
    attacks: Vec<usize>,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    set_hook(Box::new(|panic| {
        *PANIC.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = panic.to_string();
    }));
    let _ = GIVE_UP.set(give_up);
    thread::spawn(watch);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["replay", attack, case] => replay(&format!("{attack} {case}")),
        ["replay", file] => {
            replay(&fs::read_to_string(file).unwrap_or_else(|error| usage(&format!("{file}: {error}"))))
        }
        _ => match run(&chosen(&arguments)) {
            0 => {}
            failed => {
                println!("{failed} cases failed");
                exit(1);
            }
        },
    }
}

fn usage(problem: &str) -> ! {
    eprintln!("{problem}\n{USAGE}\nattacks: {}", ATTACKS.map(|(name, _)| name).join(", "));
    exit(2)
}

fn chosen(arguments: &[String]) -> Choice {
    let mut choice = Choice { seconds: 20, cases: u64::MAX, first: 0, attacks: Vec::new() };
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        let place = match argument {
            "run" => continue,
            "--seconds" => &mut choice.seconds,
            "--cases" => &mut choice.cases,
            "--first" => &mut choice.first,
            name => {
                choice.attacks.push(number(name));
                continue;
            }
        };
        let value = rest.next().and_then(|value| value.parse().ok());
        *place = value.unwrap_or_else(|| usage(&format!("{argument} takes a number")));
    }
    if choice.attacks.is_empty() {
        choice.attacks = (0..ATTACKS.len()).collect();
    }
    choice
}

fn number(name: &str) -> usize {
    let found = ATTACKS.iter().position(|(attack, _)| *attack == name);
    found.unwrap_or_else(|| usage(&format!("{name} is no attack")))
}

fn run(choice: &Choice) -> u64 {
    let stock = Stock::default();
    println!("first case {}; {} s for each attack", choice.first, choice.seconds);
    println!(
        "{:12} {:>9} {:>9} {:>9} {:>10} {:>9} {:>13} {:>15} {:>6}",
        "attack",
        "cases",
        "mutations",
        "cuts",
        "geometries",
        "longest s",
        "most us/byte",
        "memory/stated",
        "failed"
    );
    let mut failed = 0;
    for &attack in &choice.attacks {
        let tally = repeat(&stock, attack, choice);
        let Tally { cases, mutations, cuts, longest, per_byte, memory, .. } = &tally;
        let (name, geometries) = (ATTACKS[attack].0, tally.geometries.len());
        println!(
            "{name:12} {cases:>9} {mutations:>9} {cuts:>9} {geometries:>10} {:>9.3} {:>13.3} {:>15.3} {:>6}",
            longest.figure, per_byte.figure, memory.figure, tally.failed
        );
        let cases = [("longest", longest), ("us/byte", per_byte), ("memory", memory)];
        let cases = cases.map(|(what, worst)| format!("{what} {}", worst.case)).join(", ");
        let outcomes = tally.outcomes.iter().map(|(outcome, count)| format!("{outcome} {count}"));
        println!("  cases: {cases}; outcomes: {}", outcomes.collect::<Vec<_>>().join(", "));
        failed += tally.failed;
    }
    failed
}

fn repeat(stock: &Stock, attack: usize, choice: &Choice) -> Tally {
    let mut tally = Tally::default();
    let start = Instant::now();
    while start.elapsed().as_secs() < choice.seconds && tally.cases < choice.cases && tally.failed < ENOUGH {
        let case = choice.first + tally.cases;
        if let Err(what) = once(stock, attack, case, &mut tally) {
            tally.failed += 1;
            report(attack, case, &what);
        }
    }
    tally
}

fn once(stock: &Stock, attack: usize, case: u64, tally: &mut Tally) -> Result<(), String> {
    ATTACK.store(attack, Relaxed);
    CASE.store(case, Relaxed);
    BUSY.store(true, Relaxed);
    (tally.case, tally.cases) = (case, tally.cases + 1);
    let result = catch_unwind(AssertUnwindSafe(|| ATTACKS[attack].1(stock, case, tally)));
    BUSY.store(false, Relaxed);
    result.unwrap_or_else(|_| {
        Err(PANIC.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace('\n', " "))
    })
}

fn replay(text: &str) {
    let mut words = text.split_whitespace();
    let (Some(name), Some(Ok(case))) = (words.next(), words.next().map(str::parse)) else {
        usage("there is no attack and case")
    };
    let mut tally = Tally::default();
    let result = once(&Stock::default(), number(name), case, &mut tally);
    println!("{tally:#?}\n{result:?}");
    exit(i32::from(result.is_err()));
}

/// Leaves what `replay` takes.
fn report(attack: usize, case: u64, what: &str) {
    let name = ATTACKS[attack].0;
    println!("FAILED: {name} {case}: {what}");
    let folder = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let folder = std::path::Path::new(&folder).join("attack");
    let file = folder.join(format!("{name}-{case}.txt"));
    let left =
        fs::create_dir_all(&folder).and_then(|()| fs::write(&file, format!("{name} {case}\n{what}\n")));
    if let Err(error) = left {
        eprintln!("{}: {error}", file.display());
    }
}

/// Ends the program in the middle of a case that would not end by itself.
fn give_up(what: &str) -> ! {
    report(ATTACK.load(Relaxed), CASE.load(Relaxed), what);
    exit(1);
}

fn watch() {
    let mut since = (0, 0, Instant::now());
    loop {
        thread::sleep(Duration::from_secs(1));
        let (attack, case, _) = since;
        if (attack, case) != (ATTACK.load(Relaxed), CASE.load(Relaxed)) || !BUSY.load(Relaxed) {
            since = (ATTACK.load(Relaxed), CASE.load(Relaxed), Instant::now());
        } else if since.2.elapsed() > LONGEST {
            give_up("does not end");
        }
    }
}
