//! `serve`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use jivascope::blocks::Point;
use jivascope::nbd::{self, Exports, Listener, Views};
use jivascope::replica::Replica;
use jivascope::report::escape;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::cli::args::{self, Inputs, Reading};
use crate::cli::error::{failed, usage};
use crate::cli::inputs;
use crate::cli::out::Out;
use crate::cli::progress::Bar;
use crate::cli::trust;

/// The socket unless another is given: in the current directory.
const SOCKET: &str = "jivascope.sock";

#[derive(Debug, Args)]
#[command(after_help = "\
Clients read the same bytes as an export would hold, without a copy. Nothing can
be written. As soon as clients can connect, an address is printed for each head
and candidate; the views of other disks have the same with LABEL@DISK for the
name.
Ctrl-C or SIGTERM ends the command and removes the socket.

Exit codes: 0 ended by Ctrl-C or SIGTERM; 4 the same, and a view that was served
is of a defective copy; 1 operation failed, 2 wrong usage.

Examples:
  jivascope serve ./copies
  jivascope serve ./copies --replica rep-2 --socket /run/user/1000/rep-2.sock
  qemu-img info 'nbd+unix:///rep-2?socket=jivascope.sock'")]
pub(super) struct Serve {
    #[command(flatten)]
    pub inputs: Inputs,
    /// Serve only this view: LABEL is the view of the head, LABEL@DISK that of a disk and everything below it,
    /// LABEL@candidate-N that of a rescue candidate; can be repeated [default: every view]
    #[arg(long, value_name = "VIEW", value_parser = args::name())]
    pub replica: Vec<String>,
    /// Unix socket to create; only you can connect to it [default: jivascope.sock]
    #[arg(long, value_name = "PATH", conflicts_with = "tcp")]
    pub socket: Option<PathBuf>,
    /// Serve on a TCP port of this machine instead: PORT, or ADDRESS:PORT; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub tcp: Option<SocketAddr>,
    /// Let other machines connect: anyone who reaches the port of --tcp can read the data
    #[arg(long, requires = "tcp")]
    pub allow_remote: bool,
    /// Print the views and exit
    #[arg(long, conflicts_with_all = ["socket", "tcp"])]
    pub list: bool,
    #[command(flatten)]
    pub reading: Reading,
}

/// `PORT` on this machine alone, or `ADDRESS:PORT`.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse().map_err(|_| "write PORT or ADDRESS:PORT, such as 10809 or [::1]:10809".to_owned())
}

pub(super) fn run(command: &Serve, out: &Out) -> anyhow::Result<u8> {
    if let Some(address) = command.tcp.filter(|address| !address.ip().is_loopback() && !command.allow_remote)
    {
        let refused = usage(format!("--tcp {address}: other machines could read the data"));
        return Err(refused.hint("--allow-remote serves them too; NBD asks for no password").into());
    }
    let progress = Bar::new();
    let evidence = inputs::open_images(&command.inputs, &command.reading, &progress)?;
    let replicas = trust::describe(&evidence, command.reading.holes(), &progress)?;
    let views = views(command, &replicas, out)?;
    for point in views.points() {
        trust::with_data(point, "serve")?;
    }
    let mut defective = false;
    for point in once_each(views.points()) {
        defective |= trust::warn(point, out)?;
    }
    let code = u8::from(defective) * trust::DEFECTIVE;
    if command.list {
        for (name, about) in views.list() {
            out.line(&format!("{name}  {about}"))?;
        }
        return Ok(code);
    }
    // From now on a signal ends the run in order, also one that comes before the first client.
    let (stop, signalled) = UnixStream::pair().context("signals cannot be waited for")?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let end = signalled.try_clone().context("signals cannot be waited for")?;
        signal_hook::low_level::pipe::register(signal, end).context("signals cannot be waited for")?;
    }
    let listener = match command.tcp {
        Some(address) => Listener::tcp(address)?,
        None => {
            let path = command.socket.clone().unwrap_or_else(|| PathBuf::from(SOCKET));
            Listener::unix(&path, &inputs::places(&command.inputs, &evidence)?)?
        }
    };
    for point in views.points().iter().filter(|point| !command.replica.is_empty() || point.disk.is_none()) {
        out.line(&listener.uri(&escape::terminal(&point.name())))?;
    }
    nbd::serve(&listener, &views, &stop).with_context(|| format!("{listener}: cannot be served on"))?;
    for replica in &replicas {
        for change in replica.source.changed() {
            out.warn(&format!("{}: changed while it was served: {change}", replica.label))?;
        }
    }
    Ok(code)
}

fn views<'a>(command: &Serve, replicas: &'a [Replica], out: &Out) -> anyhow::Result<Views<'a>> {
    if !command.replica.is_empty() {
        let mut points: Vec<Point<'_>> = Vec::new();
        for text in &command.replica {
            let point = Point::parse(text, replicas)?;
            // Now, and not when the first client comes.
            point.view()?;
            if points.iter().all(|known| known.name() != point.name()) {
                points.push(point);
            }
        }
        return Ok(Views::only(points, replicas));
    }
    for replica in replicas {
        if let Err(none) = Point::from(replica).view() {
            out.warn(&none.to_string())?;
        }
    }
    let views = Views::all(replicas);
    if views.points().is_empty() {
        return Err(failed("there is no view to serve").into());
    }
    Ok(views)
}

/// What is said of a copy is said once, for its first view; each candidate has its own reasons.
fn once_each<'a, 'b>(points: &'b [Point<'a>]) -> impl Iterator<Item = &'b Point<'a>> {
    points.iter().enumerate().filter_map(|(at, point)| {
        let same = |other: &&Point<'_>| other.replica.label == point.replica.label;
        let first = points[..at].iter().find(same).is_none();
        (first || point.candidate.is_some()).then_some(point)
    })
}
