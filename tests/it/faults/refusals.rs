//! Faults that the database itself names, raised by a trigger at a chosen table or at COMMIT: no room on the disk, no
//! memory, a deadlock, a node that has become read-only. The service gets them as it would from a server in trouble.

use rand::Rng;
use rand::rngs::StdRng;

use super::world::{World, faults};

/// Counts moments (a sequence is not rolled back) and refuses those from the table's `after` on, `times` of them.
const TRIGGERS: &str = "
    create schema if not exists refusing;
    create sequence if not exists refusing.moment;
    create table if not exists refusing.plan (code text, place text, after bigint, times bigint);
    create or replace function refusing.ask() returns trigger language plpgsql as $$
    declare p refusing.plan; n bigint;
    begin
      select * into p from refusing.plan;
      if p.place is distinct from tg_argv[0] then return null; end if;
      n := nextval('refusing.moment');
      if n > p.after and n <= p.after + p.times then
        raise exception 'refused by the test' using errcode = p.code;
      end if;
      return null;
    end $$;
    create or replace trigger refusing after insert on batch for each statement execute function refusing.ask('batch');
    create or replace trigger refusing after insert on visit for each statement execute function refusing.ask('visit');
    create or replace trigger refusing after update on survey_case for each statement execute function refusing.ask('case');
    create or replace trigger refusing after insert on change_waiting for each statement execute function refusing.ask('stamp');
    drop trigger if exists refusing_late on batch;
    create constraint trigger refusing_late after insert on batch deferrable initially deferred
      for each row execute function refusing.ask('commit');
    truncate refusing.plan;
    alter sequence refusing.moment restart;";

const PLACES: [&str; 5] = ["batch", "visit", "case", "stamp", "commit"];

/// Phones deliver while the database refuses some of their transactions with this SQLSTATE.
async fn refused(world: &mut World, dice: &mut StdRng, code: &str) {
    let client = world.app.db.client().await;
    client.batch_execute(TRIGGERS).await.unwrap();
    let place = PLACES[dice.random_range(0..PLACES.len())];
    let (after, times) = (dice.random_range(0..6_i64), dice.random_range(1..12_i64));
    let plan = "insert into refusing.plan values ($1, $2, $3, $4)";
    client.execute(plan, &[&code, &place, &after, &times]).await.unwrap();
    world.under(dice, async {}).await;
    let asked: i64 = client.query_one("select last_value from refusing.moment", &[]).await.unwrap().get(0);
    assert!(asked > after, "nothing was refused at {place}");
    client.batch_execute("truncate refusing.plan").await.unwrap();
}

faults! {
    the_database_says_that_the_disk_is_full(world, dice) {
        refused(world, dice, "53100").await;
    }
    the_database_says_that_memory_is_out(world, dice) {
        refused(world, dice, "53200").await;
    }
    the_database_finds_a_deadlock(world, dice) {
        refused(world, dice, "40P01").await;
    }
    the_database_cannot_serialise(world, dice) {
        refused(world, dice, "40001").await;
    }
    the_database_has_become_read_only(world, dice) {
        refused(world, dice, "25006").await;
    }
    a_statement_takes_too_long(world, dice) {
        refused(world, dice, "57014").await;
    }
    a_lock_is_not_to_be_had(world, dice) {
        refused(world, dice, "55P03").await;
    }
    the_database_cannot_read_a_page(world, dice) {
        refused(world, dice, "58030").await;
    }
}
