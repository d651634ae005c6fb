//! SQLite databases inside views, against Python's own `sqlite3`: headers, write-ahead logs, and structure; databases that
//! are whole are called so, and what is called damaged SQLite calls damaged too.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::e2fs::{made, ran};
use crate::support::stepping::have;
use jivascope::filesystem::{Contents, Files, Look, Sqlite, Tree, in_files};
use jivascope::ident::Runs;
use jivascope::report::model::FilesReport;
use serde_json::Value;

const TOOLS: &[&str] = &["mke2fs", "python3"];

/// Makes databases below a directory and tells, as JSON, what SQLite says of each: facts, and whether it is whole.
const MAKE: &str = r#"
import json, os, random, shutil, sqlite3, sys
root, mutations = sys.argv[1], int(sys.argv[2])
os.makedirs(root)
said = {}

def ask(path):
    # A copy, since asking a write-ahead log empties it.
    copy = os.path.join(root, "..", "asked")
    shutil.rmtree(copy, ignore_errors=True)
    os.mkdir(copy)
    for end in ("", "-wal", "-journal"):
        if os.path.exists(path + end):
            shutil.copy(path + end, os.path.join(copy, "db" + end))
    con = sqlite3.connect(os.path.join(copy, "db"))
    out = {}
    try:
        for pragma in ("page_size", "page_count", "freelist_count", "schema_version", "journal_mode"):
            out[pragma] = con.execute("pragma " + pragma).fetchone()[0]
        out["check"] = con.execute("pragma integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        out["check"] = "error: " + str(error)
    con.close()
    return out

def fill(con, rows, seed=0):
    r = random.Random(seed)
    con.execute("create table t (id integer primary key, name text, body blob)")
    con.execute("create index by_name on t (name)")
    con.execute("create table w (k text primary key, v int) without rowid")
    con.execute("create view v as select name from t")
    for n in range(rows):
        size = r.choice([0, 10, 100, 900, 5000 if n % 7 == 0 else 30])
        con.execute("insert into t values (?, ?, ?)", (n * 3 - rows, "name %d" % r.randrange(9999), r.randbytes(size)))
        con.execute("insert or replace into w values (?, ?)", ("key %d" % r.randrange(999), n))
    con.execute("delete from t where id % 5 = 0")
    con.commit()

for number, (size, vacuum, rows) in enumerate([(512, 0, 60), (1024, 1, 200), (4096, 0, 400), (4096, 2, 300), (65536, 0, 200), (4096, 0, 0)]):
    path = os.path.join(root, "plain%d.db" % number)
    con = sqlite3.connect(path)
    con.execute("pragma page_size=%d" % size)
    con.execute("pragma auto_vacuum=%d" % vacuum)
    fill(con, rows, number)
    con.execute("alter table t add column more text")
    con.commit()
    con.close()
    said[os.path.basename(path)] = ask(path)

# One with a write-ahead log that was not written back, one with frames of a transaction that was not committed.
for name, open_end in (("wal.db", False), ("torn.db", True)):
    path = os.path.join(root, "..", name)
    con = sqlite3.connect(path, isolation_level=None)
    con.execute("pragma journal_mode=wal")
    con.execute("pragma wal_autocheckpoint=0")
    con.execute("create table t (id integer primary key, body blob)")
    con.execute("pragma wal_checkpoint(truncate)")
    for n in range(40):
        con.execute("insert into t values (?, ?)", (n, bytes(2000)))
    con.execute("create index more on t (body)")
    if open_end:
        con.execute("pragma cache_size=2")
        con.execute("begin")
        for n in range(40, 400):
            con.execute("insert into t values (?, ?)", (n, bytes(3000)))
    for end in ("", "-wal"):
        shutil.copy(path + end, os.path.join(root, name + end))
    con.close()
    said[name] = ask(os.path.join(root, name))

# One in the middle of a transaction, with the journal that undoes it.
path = os.path.join(root, "..", "hot.db")
con = sqlite3.connect(path, isolation_level=None)
con.execute("pragma cache_size=2")
con.execute("create table t (id integer primary key, body blob)")
con.execute("begin")
for n in range(200):
    con.execute("insert into t values (?, ?)", (n, bytes(3000)))
con.execute("commit")
con.execute("begin")
con.execute("update t set body = randomblob(3000)")
for end in ("", "-journal"):
    shutil.copy(path + end, os.path.join(root, "hot.db" + end))
con.execute("rollback")
con.close()

# Damage: a kind of its own each, then bytes at random.
whole = {n: open(os.path.join(root, n), "rb").read() for n in ("plain0.db", "plain1.db", "plain2.db")}
def put(name, data):
    path = os.path.join(root, name)
    with open(path, "wb") as f:
        f.write(data)
    said[name] = ask(path)
base = whole["plain2.db"]
pages = len(base) // 4096
def patch(at, value):
    data = bytearray(base)
    data[at:at + len(value)] = value
    return bytes(data)
leaf = next(p for p in range(1, pages) if base[p * 4096] == 13)
interior = next(p for p in range(1, pages) if base[p * 4096] == 5)
put("kind.db", patch(leaf * 4096, b"\x07"))
put("other-kind.db", patch(leaf * 4096, b"\x0a"))
put("free-count.db", patch(36, (int.from_bytes(base[36:40], "big") + 3).to_bytes(4, "big")))
put("twice.db", patch(interior * 4096 + 8, (leaf + 1).to_bytes(4, "big")))
put("nowhere.db", patch(interior * 4096 + 8, (pages + 900).to_bytes(4, "big")))
put("cells.db", patch(leaf * 4096 + 3, b"\xff\xff"))
put("pointer.db", patch(leaf * 4096 + 8, b"\x0f\xff"))
put("cut.db", base[: len(base) // 2 // 4096 * 4096])
put("overlap.db", patch(leaf * 4096 + 10, base[leaf * 4096 + 8 : leaf * 4096 + 10]))
r = random.Random(5)
for n in range(mutations):
    name = r.choice(list(whole))
    data = bytearray(whole[name])
    for _ in range(r.choice([1, 1, 2, 8])):
        # Mostly where pages begin, since that is where structure stands.
        size = {"plain0.db": 512, "plain1.db": 1024}.get(name, 4096)
        at = r.randrange(len(data) // size) * size + (r.randrange(16) if r.random() < 0.6 else r.randrange(size))
        at = max(at, 24)
        data[at] = r.randrange(256)
    put("mutant%d.db" % n, bytes(data))
print(json.dumps(said))
"#;

struct Made {
    image: Vec<u8>,
    said: BTreeMap<String, Value>,
}

fn make(place: &Path, mutations: usize) -> Made {
    let tree = place.join("tree");
    let text = ran(Command::new("python3").args(["-c", MAKE]).arg(&tree).arg(mutations.to_string()));
    let image = place.join("made.img");
    made(&image, 5, "160M", &tree);
    Made { image: fs::read(&image).unwrap(), said: serde_json::from_str(text.trim()).unwrap() }
}

fn looked_at(image: &[u8], look: impl Fn(&str) -> Look) -> BTreeMap<String, Sqlite> {
    let contents = Contents::of(&image);
    let files = Files::open(&image, contents.only().unwrap()).unwrap();
    let tree: Tree = files.all().unwrap();
    let one = |entry: &jivascope::filesystem::FileEntry| {
        Some((entry.name(), Sqlite::of(&files, &tree, entry, look(&entry.name()))?))
    };
    tree.entries.iter().filter_map(one).collect()
}

#[test]
fn databases_are_what_sqlite_says() {
    if !have("databases_are_what_sqlite_says", TOOLS) {
        return;
    }
    const MUTATIONS: usize = 200;
    let place = tempfile::tempdir().unwrap();
    let made = make(place.path(), MUTATIONS);
    let found = looked_at(&made.image, |_| Look::Structure);
    let (mut sound, mut agreed) = (0, 0);
    for (name, said) in &made.said {
        let one = found.get(name).unwrap_or_else(|| panic!("{name} is not recognised"));
        let whole = said["check"] == "ok";
        let structure = one.structure.as_ref();
        let says_sound = structure.is_some_and(|structure| structure.is_sound() && structure.complete);
        // SQLite 3.40 counts the list of free pages and passes over a wrong number.
        let by_count = structure.is_some_and(|structure| {
            structure.problems.len() == 1 && structure.problems[0].contains("free pages are listed")
        });
        assert!(!whole || says_sound || by_count, "{name}: SQLite finds nothing, and here: {one:?}");
        if whole {
            let header = &one.header;
            let facts = [header.page_size, header.pages, header.free_pages, header.schema_cookie];
            let theirs = ["page_size", "page_count", "freelist_count", "schema_version"];
            for (fact, key) in facts.iter().zip(theirs) {
                assert_eq!(Some(u64::from(*fact)), said[key].as_u64(), "{name}: {key}");
            }
            assert_eq!(header.wal_mode, said["journal_mode"] == "wal", "{name}");
            sound += 1;
        } else if !says_sound {
            agreed += 1;
        }
    }
    assert!(sound >= 8 && made.said.len() == 17 + MUTATIONS, "{sound} of {}", made.said.len());
    for name in [
        "kind.db",
        "other-kind.db",
        "free-count.db",
        "twice.db",
        "nowhere.db",
        "cells.db",
        "pointer.db",
        "cut.db",
        "overlap.db",
    ] {
        let structure = found[name].structure.as_ref().unwrap();
        assert!(!structure.is_sound(), "{name} is called sound");
        assert!(made.said[name]["check"] != "ok" || name == "free-count.db", "{name}");
    }
    // What only an index or a value shows stays unseen here; of damage to pages most is seen.
    let damaged = made.said.values().filter(|said| said["check"] != "ok").count();
    assert!(agreed * 10 >= damaged * 8, "{agreed} of {damaged}");
}

#[test]
fn logs_are_read_as_sqlite_reads_them_next() {
    if !have("logs_are_read_as_sqlite_reads_them_next", TOOLS) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let made = make(place.path(), 0);
    let found = looked_at(&made.image, |_| Look::Structure);
    let wal = found["wal.db"].wal.as_ref().unwrap();
    assert!(wal.frames > 40 && wal.committed == wal.frames && wal.rest == 0, "{wal:?}");
    assert!(wal.salt.as_ref().is_some_and(|salt| salt.len() == 16) && wal.not_applied.is_none(), "{wal:?}");
    let torn = found["torn.db"].wal.as_ref().unwrap();
    assert!(torn.committed >= 40 && torn.frames > torn.committed, "{torn:?}");
    let hot = &found["hot.db"];
    assert!(hot.hot_journal && hot.structure.is_none(), "{hot:?}");
    assert!(found["plain2.db"].wal.is_none());
    // A log that is cut, and one of another generation: no more is applied than checks out.
    let tree = place.path().join("tree");
    let log = fs::read(tree.join("wal.db-wal")).unwrap();
    fs::write(tree.join("wal.db-wal"), &log[..32 + 10 * 4120 + 900]).unwrap();
    let mut other = log.clone();
    other[32 + 8] ^= 1;
    fs::write(tree.join("torn.db-wal"), &other).unwrap();
    let image = place.path().join("cut.img");
    self::made(&image, 5, "160M", &tree);
    let found = looked_at(&fs::read(&image).unwrap(), |_| Look::Header);
    let cut = found["wal.db"].wal.as_ref().unwrap();
    assert!(cut.frames == 10 && cut.rest == 0, "{cut:?}");
    let other = found["torn.db"].wal.as_ref().unwrap();
    assert!(other.frames == 0 && other.committed == 0 && other.rest > 40, "{other:?}");
}

#[test]
fn differing_databases_are_shown_beside_each_other() {
    if !have("differing_databases_are_shown_beside_each_other", TOOLS) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let write = |dir: &str, rows: usize| {
        let tree = place.path().join(dir);
        fs::create_dir_all(&tree).unwrap();
        let script = "import sqlite3, sys\ncon = sqlite3.connect(sys.argv[1])\ncon.execute('create table t (a)')\nfor n in range(int(sys.argv[2])): con.execute('insert into t values (?)', (n,)); con.commit()\n";
        ran(Command::new("python3").args(["-c", script]).arg(tree.join("app.db")).arg(rows.to_string()));
        fs::write(tree.join("notes.txt"), dir).unwrap();
        let image = place.path().join(format!("{dir}.img"));
        made(&image, 5, "12M", &tree);
        fs::read(image).unwrap()
    };
    let (one, two) = (write("one", 3), write("two", 9));
    let mut differ = Runs::new();
    differ.push(0, one.len() as u64);
    let found = in_files(("one", &one), ("two", &two), None, &differ);
    let databases = &found.apart[0].databases;
    assert_eq!(databases.len(), 1, "{databases:?}");
    assert_eq!(databases[0].path, b"app.db");
    let counters = databases[0].sides.each_ref().map(|side| side.as_ref().unwrap().header.change_counter);
    assert_eq!(counters[1] - counters[0], 6, "{databases:?}");
    let report = FilesReport::of(&found, "one", "two");
    let (heading, rows) = report[0].sections.last().unwrap();
    assert_eq!((heading.as_str(), rows.len()), ("SQLite databases among them", 1));
    assert!(rows[0].starts_with("app.db: one 2 pages of 4096 bytes, change counter "), "{rows:?}");
    assert!(rows[0].matches("page structure in order").count() == 2, "{rows:?}");
}
