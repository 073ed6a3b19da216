//! The commands, one file each. Errors become one clear line on stderr; exit status 0 done, 1 failed, 2 wrong usage.

mod access;
mod backup;
mod base;
mod batch_file;
mod cards;
mod cert;
mod export;
mod form;
mod leavers;
pub mod link;
mod linking;
mod links;
mod migrate;
mod pairing;
mod plan;
mod post;
mod purge;
mod recount;
mod relink;
mod restore;
mod serve;
mod setup;
mod show;
pub mod simulate;
mod step;
mod sweeping;
mod upload;
mod whole;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use base::Common;

/// Doorknock (敲门): the backend of a door-to-door survey or census.
#[derive(Parser, Debug)]
#[command(name = "doorknock", version, about, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the service
    Serve(serve::ServeArgs),
    /// Load a survey's set-up directory; running it again updates
    Setup(setup::SetupArgs),
    /// Take batch files carried by hand; prints one receipt a line
    Upload(upload::UploadArgs),
    /// Print a bearer token for a person of the set-up; enrols a device for an enumerator
    Token(access::TokenArgs),
    /// Print a one-time code with which a phone enrols
    EnrolCode(access::EnrolCodeArgs),
    /// Print the server address and the QR text that set up ODK Collect for an enumerator
    OdkCode(access::OdkCodeArgs),
    /// Make cards that enumerators leave at doors: numbers outside, codes for residents inside
    Cards(cards::CardsArgs),
    /// Set a supervisor's password, read as one line from standard input
    Passwd(access::PasswdArgs),
    /// Withdraw every token and session of a person
    Revoke(access::RevokeArgs),
    /// Show completion as a table
    Completion(show::CompletionArgs),
    /// Show the doors that need another visit, most urgent first
    Returns(show::ReturnsArgs),
    /// Show how many households were met twice, and explain one
    Links(links::LinksArgs),
    /// Show the sheets of a day: who knocks where, in which order, and why
    Plan(plan::PlanArgs),
    /// Write cases, visits, households or persons as CSV or GeoJSON to standard output
    Export(export::ExportArgs),
    /// Questionnaires: check, add, list, close
    Form(form::FormArgs),
    /// Find households that were interviewed twice in a file of interviews
    Link(link::LinkArgs),
    /// Make plausible offline batches for a set-up
    Simulate(simulate::SimulateArgs),
    /// Bring the schema of a shared database up to date
    Migrate(migrate::MigrateArgs),
    /// Count completion afresh and compare; 0 differences are right
    Recount(recount::RecountArgs),
    /// Link everything again under a new model: shows the difference, applies it with --apply
    Relink(relink::RelinkArgs),
    /// Write everything but the key and the pictures into one file
    Backup(backup::BackupArgs),
    /// Read such a file into an empty database
    Restore(restore::RestoreArgs),
    #[command(about = "Remove personal data once privacy.purge_on has come; counts stay")]
    Purge(purge::PurgeArgs),
    /// Make a local authority and a server certificate, for HTTPS
    Cert(cert::CertArgs),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let common = arguments.common;
    // These two end by themselves when they are told to stop: what they are at is finished first.
    if !matches!(arguments.command, Command::Serve(_) | Command::Upload(_)) {
        whole::clean_up_when_told_to_stop();
    }
    let done = match arguments.command {
        Command::Serve(args) => serve::run(&common, &args),
        Command::Setup(args) => setup::run(&common, &args),
        Command::Upload(args) => upload::run(&common, &args),
        Command::Token(args) => access::token(&common, &args),
        Command::EnrolCode(args) => access::enrol_code(&common, &args),
        Command::OdkCode(args) => access::odk_code(&common, &args),
        Command::Cards(args) => cards::run(&common, &args),
        Command::Passwd(args) => access::passwd(&common, &args),
        Command::Revoke(args) => access::revoke(&common, &args),
        Command::Completion(args) => show::completion(&common, &args),
        Command::Returns(args) => show::returns(&common, &args),
        Command::Links(args) => links::links(&common, &args),
        Command::Plan(args) => plan::run(&common, &args),
        Command::Export(args) => export::run(&common, &args),
        Command::Form(args) => form::run(&common, &args),
        Command::Link(args) => link::run(args).map(|()| ExitCode::SUCCESS),
        Command::Simulate(args) => simulate::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Migrate(args) => migrate::run(&common, &args),
        Command::Recount(args) => recount::run(&common, &args),
        Command::Relink(args) => relink::run(&common, &args),
        Command::Backup(args) => backup::backup(&common, &args),
        Command::Restore(args) => restore::restore(&common, &args),
        Command::Purge(args) => purge::run(&common, &args),
        Command::Cert(args) => cert::run(&common, &args),
    };
    if base::is_unsaid() {
        base::remark("doorknock: standard output cannot be written");
        return ExitCode::FAILURE;
    }
    done.unwrap_or_else(|error| {
        base::complain(&error);
        ExitCode::FAILURE
    })
}
