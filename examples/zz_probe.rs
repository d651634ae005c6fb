use std::fs::File;
use std::io::Read;
fn main() {
    for path in std::env::args().skip(1) {
        let f = File::open(&path).unwrap();
        let r: Box<dyn Read> = if path.ends_with(".gz") { Box::new(flate2::read::MultiGzDecoder::new(f)) } else { Box::new(f) };
        let t = jivascope::witness::read(r).unwrap();
        match t {
            Some(jivascope::witness::Testimony::Log(log)) => {
                println!("{path}: lines {} unknown {} nul {} joined {} cut {} {} clocks {:?}", log.lines, log.unknown, log.with_nul, log.joined, log.cut_front, log.cut_end, log.clocks);
                for s in &log.streams { 
                    println!("  {:?}", s.who);
                    for l in &s.lives { println!("     {:?} begins {} {}..{} own {:?} end {:?} sightings {} lines {} asked {}", l.role, l.begins, l.first.map(|m|m.to_string()).unwrap_or_default(), l.last.map(|m|m.to_string()).unwrap_or_default(), l.own, l.end, l.sightings.len(), l.lines, l.asked.len());
                    if std::env::var("V").is_ok() { for x in &l.sightings { println!("         {} {:?}", x.at.map(|m|m.to_string()).unwrap_or_default(), x.event); } } }
                }
            }
            other => { let s = format!("{other:?}"); println!("{path}: {}", &s.chars().take(300).collect::<String>()); }
        }
    }
}
