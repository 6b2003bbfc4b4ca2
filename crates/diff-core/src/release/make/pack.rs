//! Packs a release: one differential package per source version and one full package, in parallel.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::ThreadPool;

use super::finish::{finish, notes, tidy, write};
use super::memory_gate::{MemoryGate, memory_needed};
use super::plan::{Common, Plan, Task, order};
use super::progress::{Event, OfPackage, PackProgress};
use super::store::{Known, Named, Store};
use super::verdicts::Verdicts;
use crate::api::{DiffError, Note, Options};
use crate::container::TargetFile;
use crate::diff::diff_to;
use crate::digest::hex;
use crate::release::encryption::{encrypt_and_prove, encryption_of};
use crate::release::error::PackError;
use crate::release::model::{
    BaseEntry, Dropped, ImageBytes, MANIFEST_VERSION, Manifest, PackOptions, PackageEntry, Release, Shard,
    SourceEntry, TargetEntry, manifest_name,
};
use crate::release::platform::{self, Platform, RuleError};
use crate::release::sign::{PublicKey, Signer, check_signature, key_names, sign};

/// Packs a release into `folder`, and returns its manifest, which is also written there.
///
/// Packages and manifest depend on images and options only: not on threads, jobs, the order of sources or earlier runs.
/// Sealed packages are the exception: each has a key of its own, and those of earlier runs stay.
///
/// # Errors
/// Versions and texts that cannot be packed and broken rules of the platform, before any work; images, files, keys and
/// packages that fail. The next run uses packages that were finished before the error. [`PackError::Busy`] and
/// [`PackError::OtherRelease`] for a folder that is not free.
pub fn pack(
    release: &Release,
    options: &PackOptions,
    folder: &Path,
    progress: &dyn PackProgress,
) -> Result<Manifest, PackError> {
    release.check()?;
    if !options.shard.is_valid() {
        return Err(PackError::Usage(format!("there is no shard {}", options.shard)));
    }
    if options.replace && options.shard != Shard::WHOLE {
        return Err(PackError::Usage(format!(
            "shard {} cannot replace a release, as other machines may write to the folder; give it an empty folder, without --replace",
            options.shard
        )));
    }
    let failed = |error| PackError::Image { version: release.version.clone(), error };
    let target = release.target.open().map_err(failed)?;
    if (*target).as_ref().is_empty() && !release.listing.allow_empty {
        return Err(PackError::EmptyTarget { version: release.version.clone() });
    }
    let mut engine = release.all_options().settled((*target).as_ref().len())?;
    if let Some(device) = &mut engine.device {
        // The full package must fit. A differential one that does not is larger, and so dropped.
        device.max_package = None;
    }
    let store = Store::create(folder, &manifest_name(options.shard))?;
    let target = TargetFile::new((*target).as_ref());
    let own = Named::of_release(release, hex(&target.sha256()));
    let earlier = if options.replace { store.manifests()? } else { store.manifests_of(&own)? };
    let known = store.known(&earlier)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build();
    let pool = pool.map_err(|error| PackError::Usage(format!("threads cannot be started: {error}")))?;
    let share = (options.shard == Shard::WHOLE).then_some(release.listing.share);
    let verdicts = Verdicts::new(progress, share);
    let (pool, target) = (&pool, &target);
    let run = Run { release, engine, options, store, known, progress, verdicts, pool, target };
    run.all()
}

/// One run of [`pack`].
struct Run<'a> {
    release: &'a Release,
    /// The options of all packages; the device takes any size.
    engine: Options,
    options: &'a PackOptions,
    store: Store,
    known: Known,
    progress: &'a dyn PackProgress,
    verdicts: Verdicts<'a>,
    pool: &'a ThreadPool,
    target: &'a TargetFile<'a>,
}

enum Made {
    Package(Box<PackageEntry>),
    /// An earlier run found the package too large.
    Dropped(Dropped),
}

impl Run<'_> {
    fn all(&self) -> Result<Manifest, PackError> {
        let target = self.pool.install(|| self.target())?;
        let image = BaseEntry { size: target.size, sha256: target.sha256.clone() };
        let release = self.release;
        let keys: Vec<String> = release.signers.iter().map(|signer| signer.public_key().name()).collect();
        let options = self.engine.clone().with_inputs(&target.input);
        let common = Common {
            version: &release.version,
            target: &image,
            options: &options,
            keys: &keys,
            encryption: release.encryption.as_ref(),
        };
        let sources = release.sorted_sources();
        let plan = self.pool.install(|| Plan::new(&sources, &common))?;
        if release.listing.platform == Platform::Alibaba {
            platform::check_catalogue(plan.tasks.len())?;
        }
        let tasks: Vec<&Task> = plan
            .tasks
            .iter()
            .enumerate()
            .filter(|(number, _)| self.options.shard.has(*number))
            .map(|(_, task)| task)
            .collect();
        self.progress.event(&Event::Planned { packages: tasks.len() });
        self.warn(&tasks, &image);
        let made = self.make_all(&tasks, &plan.options)?;
        let manifest = self.manifest(target, plan.sources, &tasks, made);
        if self.options.shard != Shard::WHOLE {
            write(&manifest, &self.store)?;
            return Ok(manifest);
        }
        let manifest = finish(manifest)?.write(&self.store)?;
        tidy(&manifest, &self.store, &self.known, self.options.replace, self.progress)?;
        for (name, text) in notes(&manifest) {
            self.progress.event(&Event::Note { name, text: &text, is_warning: false });
        }
        Ok(manifest)
    }

    /// Warns of images that nobody may have meant, whether their packages are made now or were made before.
    fn warn(&self, tasks: &[&Task], target: &BaseEntry) {
        for task in tasks {
            let Some((_, base)) = &task.base else { continue };
            if let Some(note) = Note::about(base.size, target.size, base == target) {
                let versions = task.source_versions.join(", ");
                self.progress.event(&Event::of_note(&note, &format!("source {versions}: {note}")));
            }
        }
    }

    fn target(&self) -> Result<TargetEntry, PackError> {
        let (sha256, md5) = rayon::join(|| self.target.sha256(), || self.target.md5());
        let failed = |error| PackError::Image { version: self.release.version.clone(), error };
        let input = self.release.target.provenance().map_err(failed)?;
        Ok(TargetEntry {
            size: self.target.bytes().len() as u64,
            sha256: hex(&sha256),
            md5: hex(&md5),
            input,
        })
    }

    /// Makes all packages, several at once; the first failure ends it.
    fn make_all(&self, tasks: &[&Task], options: &Options) -> Result<Vec<Made>, PackError> {
        let order = order(tasks, self.release.fleet.as_ref());
        let (next, gate) = (AtomicUsize::new(0), MemoryGate::new(self.options.memory));
        let results: Mutex<Vec<(usize, Result<Made, PackError>)>> = Mutex::default();
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(&number) = order.get(place) else { break };
                let made = self.make(tasks[number], options, &gate);
                if made.is_err() {
                    next.store(tasks.len(), Ordering::Relaxed);
                }
                results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, made));
            }
        };
        let jobs = if self.options.jobs == 0 { self.pool.current_num_threads() } else { self.options.jobs };
        std::thread::scope(|scope| {
            for _ in 0..jobs.min(tasks.len()) {
                scope.spawn(work);
            }
        });
        let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        // The first failure in the order of the work: the same whatever other packages were being made.
        results.sort_by_key(|&(place, _)| place);
        let made = results.into_iter().map(|(place, made)| Ok((order[place], made?)));
        let mut made = made.collect::<Result<Vec<_>, PackError>>()?;
        made.sort_by_key(|&(number, _)| number);
        Ok(made.into_iter().map(|(_, made)| made).collect())
    }

    /// Makes one package, unless an earlier run made it.
    fn make(&self, task: &Task, options: &Options, gate: &MemoryGate) -> Result<Made, PackError> {
        let started = Instant::now();
        let finished = self.finished(task);
        if let (None, Some(dropped)) = (&finished, self.dropped(task)) {
            self.progress.event(&Event::Skipped { file: &task.file });
            return Ok(Made::Dropped(dropped.clone()));
        }
        let reused = finished.is_some();
        let bytes = match finished {
            Some(bytes) => bytes,
            None => self.signed(task, self.make_anew(task, options, gate)?)?,
        };
        self.check(task, &bytes)?;
        let unreadable =
            |error| PackError::Diff { file: task.file.clone(), error: DiffError::NotProved(error) };
        let package = task.entry(&bytes, self.release.sign_method()).map_err(unreadable)?;
        if !reused {
            self.store.write(&task.file, &bytes)?;
            self.store.record(&package)?;
        }
        self.verdicts.made(&package, reused, started.elapsed());
        Ok(Made::Package(Box::new(package)))
    }

    /// Checks the package as it is shipped, also one of an earlier run: the platform must take it, and the device must be able
    /// to restore it.
    fn check(&self, task: &Task, package: &[u8]) -> Result<(), PackError> {
        let wrong = |rule: RuleError| PackError::Usage(rule.to_string());
        platform::check_file(&task.file, package.len() as u64).map_err(wrong)?;
        let options = if task.base.is_some() { &self.engine } else { &self.release.options };
        let Some(device) = &options.device else { return Ok(()) };
        let failed = |unfit| PackError::Diff { file: task.file.clone(), error: DiffError::Device(unfit) };
        device.check_package(package).map_err(failed)
    }

    /// The package of an earlier run, if it is from this base to this target.
    fn finished(&self, task: &Task) -> Option<Vec<u8>> {
        let known = (!self.options.fresh).then_some(&self.known)?;
        let bytes = self.store.finished(known, &task.file, &task.recipe)?;
        (task.is_of(&bytes, self.target) && self.is_protected(&bytes)).then_some(bytes)
    }

    /// Whether a package is encrypted and signed like this release: its recipe is from a manifest, which anybody may have
    /// written.
    fn is_protected(&self, package: &[u8]) -> bool {
        let encrypted = match (encryption_of(package), &self.release.encryption) {
            (Ok(None), None) => true,
            (Ok(Some(record)), Some(encryption)) => encryption.is_of(&record),
            _ => false,
        };
        let keys: Vec<_> = self.release.signers.iter().map(|signer| signer.public_key()).collect();
        let names: BTreeSet<String> = keys.iter().map(PublicKey::name).collect();
        encrypted
            && key_names(package).is_ok_and(|found| found.iter().eq(&names))
            && keys.iter().all(|key| check_signature(package, std::slice::from_ref(key)).is_ok())
    }

    fn make_anew(&self, task: &Task, options: &Options, gate: &MemoryGate) -> Result<Vec<u8>, PackError> {
        let base_size = task.base.as_ref().map_or(0, |(_, base)| base.size);
        let _turn = gate.wait(memory_needed(base_size, self.target.bytes().len() as u64));
        let progress = OfPackage { all: self.progress, file: &task.file };
        if self.progress.is_cancelled() {
            return Err(PackError::Cancelled);
        }
        self.progress.event(&Event::Began { file: &task.file });
        let base = match &task.base {
            Some((image, _)) => image.open(),
            None => Ok(Box::new([]) as ImageBytes),
        };
        let failed = |error| PackError::Image { version: task.source_versions.join(", "), error };
        let base = base.map_err(failed)?;
        let base = (*base).as_ref();
        let made = self.pool.install(|| diff_to(base, self.target, options, &progress));
        let package = made.map_err(|error| match error {
            DiffError::Cancelled => PackError::Cancelled,
            error => PackError::Diff { file: task.file.clone(), error },
        })?;
        if !task.is_of(&package.bytes, self.target) {
            // The plan opened it before.
            let changed = "it changed while the release was made; pack again when it stays as it is";
            return Err(failed(io::Error::other(changed)));
        }
        for note in package.notes.iter().filter(|note| !note.is_warning()) {
            self.progress.event(&Event::of_note(note, &format!("{}: {note}", task.file)));
        }
        let Some(encryption) = &self.release.encryption else { return Ok(package.bytes) };
        let encrypted = encrypt_and_prove(base, self.target.bytes(), &package.bytes, encryption);
        encrypted.map_err(|error| PackError::Encrypt { file: task.file.clone(), error })
    }

    fn signed(&self, task: &Task, package: Vec<u8>) -> Result<Vec<u8>, PackError> {
        let signers: Vec<&dyn Signer> = self.release.signers.iter().map(|signer| &**signer).collect();
        if signers.is_empty() {
            return Ok(package);
        }
        sign(&package, &signers).map_err(|error| PackError::Sign { file: task.file.clone(), error })
    }

    /// The package, if an earlier run with the same share found it too large.
    fn dropped(&self, task: &Task) -> Option<&Dropped> {
        let known = (!self.options.fresh).then_some(&self.known)?;
        let share = self.release.listing.share;
        let mut known = known.dropped.iter().filter(|(_, exceeded)| *exceeded == share);
        known.find(|(dropped, _)| dropped.recipe == task.recipe).map(|(dropped, _)| dropped)
    }

    fn manifest(
        &self,
        target: TargetEntry,
        mut sources: Vec<SourceEntry>,
        tasks: &[&Task],
        made: Vec<Made>,
    ) -> Manifest {
        let mut packages = Vec::new();
        for (task, made) in tasks.iter().zip(made) {
            match made {
                Made::Package(package) => packages.push(*package),
                Made::Dropped(dropped) => {
                    let named = |source: &&mut SourceEntry| task.source_versions.contains(&source.version);
                    let sources = sources.iter_mut().filter(named);
                    sources.for_each(|source| source.dropped = Some(dropped.clone()));
                }
            }
        }
        for source in &mut sources {
            let own = packages.iter().find(|package| package.source_versions.contains(&source.version));
            source.package = own.map(|package| package.file.clone());
        }
        let release = self.release;
        Manifest {
            manifest: MANIFEST_VERSION,
            shard: Some(self.options.shard),
            platform: release.listing.platform,
            product: release.options.identity.product.clone(),
            module: release.module_name().to_owned(),
            name: release.name(),
            description: release.listing.description.clone(),
            version: release.version.clone(),
            target,
            android_sdk: release.listing.android_sdk,
            share: release.listing.share,
            rollback_counter: release.options.identity.rollback_counter,
            sources,
            packages,
            notes: Vec::new(),
        }
    }
}
