//! The laws of the fuzz targets on stable Rust: over seeds, seeds broken at random, noise, and every input that ever
//! broke one.
//!
//! `JIVASCOPE_LAW_RUNS=N` runs each law on N inputs (500 without).

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::laws::LAWS;
use crate::support::mutate::Random;

/// What each law begins with.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let tar = || {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        for (name, bytes) in [("a/volume.meta", &b"{}"[..]), ("a/volume-head-000.img", &[7; 5000][..])] {
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, bytes).unwrap();
        }
        tar.into_inner().unwrap()
    };
    match name {
        "volume_meta" => vec![
            br#"{"Size":16777216,"Head":"volume-head-001.img","Dirty":false,"Rebuilding":false,"Parent":"volume-snap-a.img","SectorSize":512,"BackingFileName":"","CloneStatus":"NA","Checkpoint":"","RevisionCounter":1,"UUID":"00"}"#.to_vec(),
            br#"{"Size":1e3,"head":"\ud800","Dirty":null,"X":[{}]} {"#.to_vec(),
        ],
        "disk_record" => vec![
            br#"{"Name":"volume-head-001.img","Parent":"","Removed":false,"UserCreated":true,"Created":"2026-11-25T09:27:26Z","RevisionCounter":1}"#.to_vec(),
        ],
        "counter" => vec![b"17\0\0\0".to_vec(), b"\0\0-9223372036854775808".to_vec(), b"+0_1".to_vec()],
        "log_info" => {
            vec![br#"{"enable":true,"maxlogfilesize":100,"retentionperiod":180,"maxbackups":5}"#.to_vec()]
        }
        "witness" => vec![
            b"time=\"2026-11-28T09:44:36Z\" level=info msg=\"RevisionCount of RW replica (http://10.9.41.14:9502/v1): 121, Current replica (http://10.9.41.11:9502/v1): 76\"\ntime=\"2026-11-28T09:44:36Z\" level=info msg=\"RW replica chain: [volume-head-018.img volume-snap-a.img], cur replica chain: [volume-head-010.img volume-snap-a.img]\"\ntime=\"2026-11-28T09:44:37Z\" level=fatal msg=\"Failed to add replica to controller, err: Current replica's checkpoint not present in rwReplica chain, Shutting down...\"\n".to_vec(),
            b"[pod/a-rep-0/x] 2026-11-28T09:44:34.1Z INFO[0012] Adding backend: tcp://10.1.1.1:9502\n2026-11-28T09:44:34Z stderr P time=\"2026\n".to_vec(),
            b"__CURSOR=s\n__REALTIME_TIMESTAMP=1795859074001373\nMESSAGE\n\x04\0\0\0\0\0\0\0abcd\n\n".to_vec(),
            br#"{"log":"time=\"2026-11-28T09:44:34Z\" level=info msg=x\n","time":"2026-11-28T09:44:34Z"}"#.to_vec(),
            br#"{"type":"collection","resourceType":"replica","data":[{"address":"tcp://10.1.1.1:9502","mode":"RW","type":"replica"}]}"#.to_vec(),
            br#"{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod","metadata":{"name":"pvc-1-rep-1"},"status":{"podIP":"10.1.1.1"}}]}"#.to_vec(),
        ],
        "nbd" => {
            use crate::support::nbd::{BLOCK_STATUS, GO, INFO, LIST, READ, SET_CONTEXT, STRUCTURED, request, text};
            let option = |option: u32, data: &[u8]| {
                [&b"IHAVEOPT"[..], &option.to_be_bytes(), &(data.len() as u32).to_be_bytes(), data].concat()
            };
            let begin = |options: &[Vec<u8>]| [&3u32.to_be_bytes()[..], &options.concat()].concat();
            let go = option(GO, &[&text("a")[..], &[0, 2, 0, 1, 0, 3]].concat());
            let context = [&text("a")[..], &[0, 0, 0, 1], &text("base:allocation")].concat();
            let reads = [(0, READ, 0, 1 << 20), (4, READ, 150_000, 90_000), (0, READ, 690_000, 20_000)];
            let status = (0, BLOCK_STATUS, 0, 1 << 20);
            let requests: Vec<u8> = [status].iter().chain(&reads).flat_map(|(flags, command, at, length)| request(*flags, *command, 1, *at, *length)).collect();
            let structured = [option(LIST, &[]), option(STRUCTURED, &[]), option(SET_CONTEXT, &context), go.clone()];
            vec![
                [begin(&structured), requests.clone()].concat(),
                [begin(&[option(INFO, &[&text("a")[..], &[0, 0]].concat()), go]), requests.clone()].concat(),
                [begin(&[option(1, b"a")]), requests].concat(),
            ]
        }
        "file_system" => [&b"name"[..], b"..", b"x"]
            .map(|name| crate::support::ext::image(name, b"content")[1024..].to_vec())
            .to_vec(),
        "xfs" => [&b"name"[..], b"..", b"x"]
            .map(|name| crate::support::xfs::image(name, b"content")[..41 << 10].to_vec())
            .to_vec(),
        #[cfg(feature = "capsule")]
        "capsule" => {
            let dir = tempfile::tempdir().unwrap();
            let dirs = [dir.path().join("x"), dir.path().join("y")];
            crate::support::tiny::replica(&dirs[0], 5, &[(0, 1), (3, 2)], &[(1, 3), (4, 0)]);
            crate::support::tiny::replica(&dirs[1], 5, &[(0, 1), (3, 2)], &[(1, 4), (4, 0)]);
            let mut options = jivascope::evidence::capsule::TakeOptions::default();
            let take = |options: &_| {
                let mut whole = Vec::new();
                jivascope::evidence::capsule::take(&dirs, options, &mut whole, &()).unwrap();
                whole
            };
            let first = take(&options);
            std::fs::write(dir.path().join("first.capsule"), &first).unwrap();
            let given = crate::support::plain(dir.path().join("first.capsule"));
            let evidence = crate::support::collect(&[given]).unwrap();
            let compared = jivascope::analysis::Options::default();
            let visit = jivascope::analysis::SecondVisit::of(evidence, &compared, None, &()).unwrap();
            options.blocks = Some(std::sync::Arc::new(visit));
            let second = take(&options);
            // The law packs the list anew.
            let apart = |whole: &[u8]| {
                let end = whole.len() - 64;
                let at = u64::from_le_bytes(whole[end..end + 8].try_into().unwrap()) as usize;
                let mut list = Vec::new();
                let mut packed = flate2::read::ZlibDecoder::new(&whole[at..end]);
                std::io::Read::read_to_end(&mut packed, &mut list).unwrap();
                [&whole[24..at], &list].concat()
            };
            assert!(String::from_utf8_lossy(&apart(&second)).contains("\"data\":{"));
            vec![apart(&first), apart(&second), first, second]
        }
        "tar_index" => vec![tar()],
        "decompression" => {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(&tar()).unwrap();
            // The law puts the first four bytes there itself.
            vec![[&[1], &gz.finish().unwrap()[4..]].concat(), [&[0][..], &tar()].concat()]
        }
        _ => (0..8u64).map(|seed| noise(&mut Random(seed), 200)).collect(),
    }
}

fn noise(random: &mut Random, len: usize) -> Vec<u8> {
    (0..len).map(|_| random.next() as u8).collect()
}

fn broken(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len().max(1));
        match random.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => {
                bytes[at] = random.one(&[0, 0xff, b'0', b'9', b'"', b'\\', b'{', b'\n', 0x80])
            }
            2 => bytes.truncate(at),
            3 => {
                let some = noise(random, 4);
                bytes.splice(at..at, some);
            }
            4 if !bytes.is_empty() => {
                let end = (at + random.below(64)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ if !bytes.is_empty() => {
                let end = (at + random.below(32)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => bytes.push(0),
        }
    }
    bytes
}

/// Inputs that once broke a law, by its name.
const FOUND: &[(&str, &[u8])] = &[("tar_index", GZIP_OF_NOTHING)];

/// A gzip stream of zeros with a wrong checksum: it was an archive without a member, and packed once more it was none.
const GZIP_OF_NOTHING: &[u8] = b"\x1f\x8b\x08\0\0\
    \xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\
    \xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\
    \xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\
    \xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\xc3\
    \0\0\0\0\0\x0fZtmp/.tmp5gk80yb2K7dDPZhd\0\0\0\0\0\0\0\x009jLKPZ\0\0\0\0\0\0\0\0\0\xab\0\0\0\0DPZhh";

#[test]
fn laws_hold() {
    let runs: u64 =
        std::env::var("JIVASCOPE_LAW_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    std::thread::scope(|scope| {
        for (name, law) in LAWS {
            scope.spawn(move || {
                let check = |bytes: &[u8]| {
                    if catch_unwind(AssertUnwindSafe(|| law(bytes))).is_err() {
                        panic!("{name} is broken by {}", bytes.escape_ascii());
                    }
                };
                let seeds = seeds(name);
                seeds.iter().for_each(|seed| check(seed));
                FOUND.iter().filter(|(about, _)| about == name).for_each(|(_, bytes)| check(bytes));
                let mut random = Random(name.len() as u64);
                for _ in 0..runs {
                    let bytes = match random.below(8) {
                        0 => {
                            let len = random.below(300);
                            noise(&mut random, len)
                        }
                        _ => broken(&random.one(&seeds), &mut random),
                    };
                    check(&bytes);
                }
            });
        }
    });
}
