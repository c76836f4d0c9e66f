//! Who gets what from every route: a table that is found by trying, and rules that hold whatever it says.
//!
//! Every operation of the `OpenAPI` document is asked as everybody in [`who::Who`]: as it should be asked, and with each
//! id in its path, query and body swapped for one of another team (of another person, where it is personal), and with the
//! parent in its path swapped for a sibling. What came out stands in `docs/PERMISSIONS_ROUTES.md`, so that a change of it is
//! read in a review; [`rules`] are held against every single answer.
//!
//! Pages are asked the same way, through a browser's log-in: [`pages`] lists them all, and fails on one without a sample.
//!
//! A new route appears by itself. If it has a body or takes parameters that must be given, it wants a line in
//! [`samples::SAMPLES`]; if its path names a new kind of thing, that thing is made in [`world`].

mod operations;
mod pages;
mod report;
mod route;
mod rules;
mod samples;
mod state;
mod trial;
mod who;
mod world;

use trial::Trial;
use world::World;

#[tokio::test]
async fn everybody_gets_from_every_route_what_the_table_says_and_the_rules_allow() {
    let routes = operations::all();
    let world = World::new().await;
    let mut trial = Trial::new(&world).await;
    for route in routes.iter().chain(&pages::routes()) {
        trial.run(route).await;
    }
    let (rows, breaches) = trial.done();
    assert_eq!(breaches, Vec::<String>::new());
    report::compare(&rows);
}
