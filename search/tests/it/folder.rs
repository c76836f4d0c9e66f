//! The folder of an index: reopened, damaged, of another version, written by two, overtaken.

use crate::world::{ADA, GENERATION, World, comment, names, now, put, task};
use chrono_tz::Tz;
use millstream_domain::query::Query;
use millstream_search::{Index, SearchError, SearchRequest};
use std::fs;
use std::path::{Path, PathBuf};

/// What is done to the bytes of a file.
type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);

fn found(index: &Index, query: &str) -> Result<Vec<String>, SearchError> {
    let query = Query::parse(query).unwrap();
    let results = index.search(&SearchRequest {
        caller: ADA,
        query: &query,
        now: now(),
        zone: Tz::UTC,
        limit: 10,
        cursor: None,
    })?;
    Ok(names(&results.hits))
}

/// The folder of a world that has ended.
fn left(world: World) -> tempfile::TempDir {
    let World { folder, index, .. } = world;
    index.close().unwrap();
    folder
}

/// The folder of the version that this program writes.
fn version(folder: &Path) -> PathBuf {
    let mut versions = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let version = versions.next().unwrap();
    assert_eq!(versions.next(), None);
    version
}

/// The largest file of an index with this ending.
fn file(folder: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(version(folder)).unwrap();
    files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap()
}

fn written() -> World {
    let mut world = World::with([task(1, "wheel"), task(2, "gear")]);
    world.write([comment(1, 1, "squeaks")]);
    world
}

/// Opens the folder, and finds that it begins anew and works.
fn begins_anew(folder: &Path, why: &str) {
    let index = Index::open(folder).unwrap();
    assert_eq!(index.cut(), 0, "{why}");
    assert_eq!(index.claim(GENERATION).unwrap(), 0, "{why}");
    assert_eq!(found(&index, "").unwrap(), [""; 0], "{why}");
    let again = [(1, put(task(1, "wheel")))];
    index.commit(GENERATION, 1, again).unwrap();
    assert_eq!(index.cut(), 1, "{why}");
}

#[test]
fn a_reopened_index_goes_on_from_its_cut() {
    let world = written();
    let (cut, sources) = (world.cut, world.index.sources().unwrap());
    let folder = left(world);
    let index = Index::open(folder.path()).unwrap();
    assert_eq!(index.cut(), cut);
    assert_eq!(index.claim(GENERATION + 1).unwrap(), cut);
    assert_eq!(index.sources().unwrap(), sources);
    assert_eq!(found(&index, "squeaks ").unwrap(), ["ENG-1"]);
    index
        .commit(GENERATION + 1, cut + 1, [(cut + 1, put(task(3, "belt")))])
        .unwrap();
    assert_eq!(found(&index, "belt ").unwrap(), ["ENG-3"]);
    assert_eq!(found(&index, "squeaks ").unwrap(), ["ENG-1"]);
}

#[test]
fn what_was_written_already_is_left_out() {
    let mut world = written();
    let (cut, sources) = (world.cut, world.index.sources().unwrap());
    let old = [
        (cut - 1, put(task(1, "older"))),
        (cut, put(task(2, "older"))),
    ];
    world.index.commit(GENERATION, cut, old.clone()).unwrap();
    assert_eq!(world.index.sources().unwrap(), sources);
    // Also when something new comes with it.
    let (first, second) = (old[0].clone(), (cut + 1, put(task(3, "belt"))));
    world
        .index
        .commit(GENERATION, cut + 1, [first, second])
        .unwrap();
    world.cut += 1;
    world.check("older ", &[]);
    world.check("belt ", &["ENG-3"]);
    assert_eq!(world.index.cut(), cut + 1);
}

#[test]
fn a_cut_moves_without_changes_and_survives() {
    let world = written();
    let cut = world.cut + 1_000;
    world.index.commit(GENERATION, cut, []).unwrap();
    let folder = left(world);
    assert_eq!(Index::open(folder.path()).unwrap().cut(), cut);
}

#[test]
fn an_overtaken_owner_writes_nothing_and_cannot_come_back() {
    let world = written();
    let (index, cut) = (&world.index, world.cut);
    assert_eq!(index.claim(GENERATION + 1).unwrap(), cut);
    let late = index.commit(GENERATION, cut + 1, [(cut + 1, put(task(9, "late")))]);
    assert!(matches!(late, Err(SearchError::Fenced)));
    assert!(matches!(index.claim(GENERATION), Err(SearchError::Fenced)));
    world.check("late ", &[]);
    index.commit(GENERATION + 1, cut + 1, []).unwrap();
    // Nor after a restart.
    let folder = left(world);
    let index = Index::open(folder.path()).unwrap();
    assert!(matches!(index.claim(GENERATION), Err(SearchError::Fenced)));
}

#[test]
fn an_index_that_another_one_writes_is_not_written_and_can_be_read() {
    let world = written();
    let other = Index::open(world.folder.path()).unwrap();
    assert_eq!(found(&other, "gear ").unwrap(), ["ENG-2"]);
    assert!(matches!(
        other.claim(GENERATION + 1),
        Err(SearchError::Locked)
    ));
    drop(world.index);
    assert_eq!(other.claim(GENERATION + 1).unwrap(), world.cut);
}

#[test]
fn files_that_are_not_what_was_written_make_the_index_begin_anew() {
    for ending in [
        "meta.json",
        ".managed.json",
        ".store",
        ".term",
        ".idx",
        ".pos",
        ".fast",
    ] {
        let torn = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
        let empty = |bytes: &mut Vec<u8>| bytes.clear();
        let wrong = |bytes: &mut Vec<u8>| {
            let middle = bytes.len() / 3;
            bytes[..=middle].iter_mut().for_each(|byte| *byte ^= 0x55);
        };
        let ways: [(&str, Damage<'_>); 3] = [("torn", &torn), ("empty", &empty), ("wrong", &wrong)];
        for (way, damage) in ways {
            let folder = left(written());
            let file = file(folder.path(), ending);
            let mut bytes = fs::read(&file).unwrap();
            damage(&mut bytes);
            fs::write(&file, bytes).unwrap();
            begins_anew(folder.path(), &format!("{ending}, {way}"));
        }
    }
}

#[test]
fn files_that_are_gone_make_the_index_begin_anew() {
    for ending in [
        "meta.json",
        ".store",
        ".term",
        ".idx",
        ".pos",
        ".fast",
        ".fieldnorm",
    ] {
        let folder = left(written());
        fs::remove_file(file(folder.path(), ending)).unwrap();
        begins_anew(folder.path(), ending);
    }
}

#[test]
fn an_index_of_another_version_is_deleted_and_other_folders_stay() {
    let folder = left(written());
    let current = version(folder.path());
    let older = folder.path().join("v0");
    fs::rename(&current, &older).unwrap();
    fs::create_dir(folder.path().join("notes")).unwrap();
    begins_anew(folder.path(), "an older version");
    assert!(!older.exists());
    assert!(folder.path().join("notes").exists());
}

#[test]
fn an_index_with_other_fields_under_the_same_version_begins_anew() {
    let folder = left(written());
    let meta = file(folder.path(), "meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    let other = text.replace("\"description\"", "\"descriptions\"");
    assert_ne!(other, text);
    fs::write(&meta, other).unwrap();
    begins_anew(folder.path(), "other fields");
}

#[test]
fn a_payload_that_says_no_cut_makes_the_index_begin_anew() {
    let folder = left(written());
    let meta = file(folder.path(), "meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    let other = text.replace("cut", "cat");
    assert_ne!(other, text);
    fs::write(&meta, other).unwrap();
    begins_anew(folder.path(), "no cut");
}

#[test]
fn damage_that_is_found_later_is_remembered_until_the_next_start() {
    let world = written();
    let folder = left(world);
    fs::write(folder.path().join("damaged"), "").unwrap();
    begins_anew(folder.path(), "found damaged");
    assert!(!folder.path().join("damaged").exists());
    // Only once.
    assert_eq!(Index::open(folder.path()).unwrap().cut(), 1);
}

#[test]
fn a_file_in_the_way_is_an_error_and_not_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search");
    fs::write(&path, "something else").unwrap();
    assert!(matches!(
        Index::open(&path),
        Err(SearchError::Unavailable(_))
    ));
    assert_eq!(fs::read_to_string(&path).unwrap(), "something else");
}
