//! What may happen to a connection: a server that restarts, backends that are ended, packets that vanish, a
//! pooler that swallows LISTEN.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::follower::until;
use super::world::{World, insert_page, set_title};
use crate::harness::text;
use crate::pooler::POOLER;
use crate::postgres::{Server, program, server_user, start_kept};

/// Ends a server as `pg_ctl stop` does in this mode.
fn end_server(server: &Server, mode: &str) {
    let mut stop = Command::new(program("pg_ctl"));
    stop.args(["stop", "-w", "-m", mode, "-D"])
        .arg(server.folder.path().join("data"))
        .current_dir(server.folder.path());
    if let Some((user, group)) = server_user() {
        stop.uid(user).gid(group);
    }
    let output = stop.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// Starts a server again as it was started before.
fn start_server(server: &Server) {
    let folder = server.folder.path();
    let options = fs::read_to_string(folder.join("data/postmaster.opts")).unwrap();
    let arguments: Vec<&str> = options
        .split('"')
        .enumerate()
        .filter_map(|(number, part)| (number % 2 == 1).then_some(part))
        .collect();
    // Its keeper goes with this process.
    std::mem::forget(start_kept(folder, &program("postgres"), &arguments));
    until("the server is back", || {
        let asked = server.psql("postgres", "postgres", "SELECT 1");
        match asked.status.success() {
            true => Ok(()),
            false => Err(text(&asked.stderr)),
        }
    });
}

#[test]
fn a_server_may_restart_at_any_time() {
    let server = Box::leak(Box::new(Server::start(&[], "host all all all trust\n")));
    let world = World::on(server, &["one", "three"]);
    let follower = world.listen(&[]);
    for mode in ["fast", "immediate"] {
        world.promises(&follower);
        follower.forget();
        end_server(server, mode);
        follower.event("unreachable");
        let live = world.live();
        start_server(server);
        world.shows(&live);
        world.title(&format!("after a restart, {mode}"));
        world.promises(&follower);
        // And in the middle of a burst, of which some changes fail with the server.
        let made = AtomicUsize::new(0);
        let is_back = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut after = 0;
                while after < 5 {
                    let number = made.fetch_add(1, Ordering::SeqCst);
                    after += usize::from(is_back.load(Ordering::SeqCst));
                    let change = set_title("code-home", &format!("{mode} {number}"))
                        + &insert_page("play", &format!("{mode}{number}"));
                    server.psql("owner", &world.database.name, &change);
                }
            });
            until("some changes are made", || {
                match made.load(Ordering::SeqCst) {
                    0..10 => Err("few".to_string()),
                    _ => Ok(()),
                }
            });
            end_server(server, mode);
            start_server(server);
            is_back.store(true, Ordering::SeqCst);
        });
        world.promises(&follower);
    }
    follower.stop();
    end_server(server, "immediate");
}

#[test]
fn connections_may_be_ended_at_any_time() {
    let world = World::of(&["one", "three"]);
    let follower = world.listen(&[]);
    for number in 0..40 {
        world.sql(
            &(set_title("home", &number.to_string()) + &insert_page("code", &format!("p{number}"))),
        );
        if number % 5 == 2 {
            world.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
        }
    }
    world.promises(&follower);
    assert!(follower.count("unreachable") + follower.count("polling") > 0);
    // It hears again.
    follower.forget();
    world.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    follower.event("listening");
    world.title("heard");
    world.promises(&follower);
    follower.stop();
}

/// Stands between a client and a server, and may begin to swallow all that comes, without closing anything.
struct Swallower {
    port: u16,
    /// Connections with a lower number are dead, without a sign.
    dead_below: Arc<AtomicUsize>,
    opened: Arc<AtomicUsize>,
}

impl Swallower {
    fn start(server: u16) -> Swallower {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let dead_below = Arc::new(AtomicUsize::new(0));
        let opened = Arc::new(AtomicUsize::new(0));
        let (dead, count) = (Arc::clone(&dead_below), Arc::clone(&opened));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                pump(number, from, to, Arc::clone(&dead));
                pump(number, server, client, Arc::clone(&dead));
            }
        });
        Swallower {
            port,
            dead_below,
            opened,
        }
    }

    /// The connections that are there are dead from now on.
    fn cut(&self) {
        let opened = self.opened.load(Ordering::SeqCst);
        self.dead_below.store(opened, Ordering::SeqCst);
    }

    /// And all that will come.
    fn cut_all(&self) {
        self.dead_below.store(usize::MAX, Ordering::SeqCst);
    }
}

fn pump(number: usize, mut from: TcpStream, mut to: TcpStream, dead_below: Arc<AtomicUsize>) {
    thread::spawn(move || {
        let mut bytes = [0; 65536];
        // Whether a connection is dead is remembered: what was lost of it does not come back.
        let mut is_dead = false;
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            is_dead |= number < dead_below.load(Ordering::SeqCst);
            if !is_dead && to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        if !is_dead {
            let _ = to.shutdown(Shutdown::Both);
        }
    });
}

/// The world with a swallower before its server, and a listener behind it.
fn behind_a_swallower() -> (World, Swallower, super::follower::Follower) {
    let world = World::of(&["one", "three"]);
    let swallower = Swallower::start(world.database.server.port);
    let direct = format!(":{}/", world.database.server.port);
    let url = world
        .database
        .url()
        .replace(&direct, &format!(":{}/", swallower.port));
    let mut command = world.listen_command(&["--lease", "5"]);
    command
        .env("DATABASE_URL", &url)
        .env("DATABASE_LISTEN_URL", &url);
    let follower = super::follower::Follower::start(command);
    follower.event("ready");
    follower.event("listening");
    world.promises(&follower);
    (world, swallower, follower)
}

/// As when a firewall forgets: what is open is dead and says nothing, and what is opened anew works.
#[test]
fn connections_that_die_without_a_sign_are_found_out() {
    let (world, swallower, follower) = behind_a_swallower();
    for round in 0..3 {
        swallower.cut();
        world.sql(&(set_title("home", &format!("unheard {round}")) + &set_title("code-home", "x")));
        let words = format!("unheard {round}");
        world.until_live(&follower, ("one/play", "play/index.html"), &words, true);
    }
    world.promises(&follower);
    follower.stop();
}

#[test]
fn changes_made_behind_a_wall_arrive_when_it_is_gone() {
    let (world, swallower, follower) = behind_a_swallower();
    follower.forget();
    let live = world.live();
    swallower.cut_all();
    world.title("behind the wall");
    world.add_page("code", "hidden");
    follower.event("unreachable");
    world.shows(&live);
    swallower.cut();
    world.promises(&follower);
    follower.event("listening");
    world.title("in the open");
    world.promises(&follower);
    follower.stop();
}

#[test]
fn a_pooler_that_swallows_notifications_makes_it_ask() {
    let world = World::of(&["one", "three"]);
    let pooled = POOLER.url(&world.database);
    let listen = |heard_at: &str| {
        let mut command = world.listen_command(&[]);
        command
            .env("DATABASE_URL", &pooled)
            .env("DATABASE_LISTEN_URL", heard_at);
        super::follower::Follower::start(command)
    };
    let follower = listen(&pooled);
    follower.event("ready");
    let told = follower.event("polling");
    let why = told["why"].as_str().unwrap();
    assert!(why.contains("pooler"), "{why}");
    for number in 0..10 {
        world.title(&format!("asked {number}"));
    }
    world.promises(&follower);
    assert_eq!(follower.count("listening"), 0);
    follower.stop();
    let follower = listen(&world.database.url());
    follower.event("listening");
    world.title("heard");
    world.add_page("code", "heard");
    world.promises(&follower);
    assert_eq!(follower.count("polling"), 0);
    follower.stop();
}
