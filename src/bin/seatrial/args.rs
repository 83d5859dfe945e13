//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use seatrial::config::FailOn;
use seatrial::plan::Applier;
use seatrial::report::Format;
use seatrial::report::plan::markdown::MAX_SIZE;

/// Says what Kubernetes would do with your manifests, without a cluster
#[derive(Debug, Parser)]
#[command(name = "seatrial", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub(crate) struct Args {
    /// When to use colours; `auto` obeys `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find what is wrong with manifests
    Lint(Lint),
    /// Say what will happen, step by step, when new manifests are applied over old ones
    Plan(Plan),
    /// Play a scenario: what controllers do when this is applied and pods behave like that
    Simulate(Simulate),
    /// Show the page of a rule: what it finds, why it matters, how to fix it
    Explain(Explain),
    /// List all rules
    Rules(Rules),
}

const EXIT_STATUS: &str = "\
Exit status:
  0  nothing was found at or above the --fail-on threshold
  1  something was found
  2  the command could not do its job: a file cannot be read, an option is wrong, …";

const LINT_EXAMPLES: &str = "\
Examples:
  seatrial lint                             all manifests below the working directory
  seatrial lint deploy/ extra.yaml          a folder and a file
  helm template charts/shop | seatrial lint -
  kubectl kustomize overlays/prod | seatrial lint - --stdin-filename overlays/prod
  seatrial lint --select advice --fail-on warning
  seatrial lint --ignore served-without-readiness --format concise
  seatrial lint --diff                      show what --fix would change
  seatrial lint --old live.yaml new.yaml    judged as an update of what runs
  seatrial lint --show-defaults web.yaml    what the API server would store

Exit status: 0 nothing found at or above --fail-on, 1 something found, 2 the job could not be done.";

#[derive(Debug, clap::Args)]
#[command(after_help = LINT_EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Lint {
    /// Files and folders, or `-` for standard input [default: the working directory]
    ///
    /// In folders, the files that end in .yaml, .yml or .json are read; hidden ones and those in .gitignore are not.
    /// Helm templates are skipped: render them first.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// How findings are written [default: text, or github in a GitHub workflow]
    #[arg(long, value_parser = format, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Kubernetes versions to judge for, such as 1.36; may be given several times [default: the newest known]
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub(crate) kubernetes_version: Vec<String>,
    /// What runs already, as files, folders or `kubectl get -o yaml` output; may be given several times
    ///
    /// An object that is in there is judged as an update, and what an update may not change is found.
    #[arg(long, value_name = "PATH")]
    pub(crate) old: Vec<PathBuf>,
    /// Judge updates as a bare PUT, for which some kinds need a resourceVersion, and not as `kubectl apply`
    #[arg(long, requires = "old")]
    pub(crate) replace: bool,
    /// Print the objects as the API server would store them, with the defaults that it fills in, and judge nothing
    ///
    /// YAML, or one List with `--format json`. The values of Secrets are hidden.
    #[arg(long, conflicts_with_all = ["old", "fix", "diff"])]
    pub(crate) show_defaults: bool,
    /// The least severity that makes the exit status 1 [default: error]
    #[arg(long, value_parser = fail_on, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// Rules or groups to look for besides those that are on
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Rules or groups not to look for
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    #[command(flatten)]
    pub(crate) input: Input,
    /// Change the files so that what can be fixed safely is no longer found
    #[arg(long, conflicts_with = "diff")]
    pub(crate) fix: bool,
    /// Show what --fix would change, as a unified diff, and change nothing
    #[arg(long)]
    pub(crate) diff: bool,
    /// Leave out the notes about what was skipped
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// How the input is read, whatever is done with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Input {
    /// Folder with CustomResourceDefinitions; may be given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) crds: Vec<PathBuf>,
    /// Configuration to use instead of the nearest seatrial.toml or seatrial.yaml
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub(crate) config: Option<PathBuf>,
    /// Use no configuration
    #[arg(long)]
    pub(crate) no_config: bool,
    /// Read files in folders even if .gitignore or .ignore leaves them out
    #[arg(long)]
    pub(crate) no_ignore: bool,
    /// What standard input is called in findings
    #[arg(long, value_name = "NAME")]
    pub(crate) stdin_filename: Option<String>,
}

const PLAN_EXAMPLES: &str = "\
Examples:
  seatrial plan old.yaml new.yaml                     two files or folders
  helm template charts/shop | seatrial plan old.yaml -
  seatrial plan --live dump.yaml deploy/              `kubectl get -o yaml` output as the old side
  seatrial plan --base origin/main deploy/            what this branch changes
  seatrial plan --gate 'availability >= 80%' old/ new/

Exit status: 0 planned, 1 a change is rejected or a gate fails, 2 there is no plan.";

#[derive(Debug, clap::Args)]
#[command(after_help = PLAN_EXAMPLES)]
pub(crate) struct Plan {
    /// The old and the new side: files, folders, or `-` for standard input; with --live or --base only the new side
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// What runs now, as `kubectl get -o yaml` prints it; what only the server writes is ignored
    #[arg(long, value_name = "FILE")]
    pub(crate) live: Option<PathBuf>,
    /// Compare the commit from which REV and the working tree went apart with the paths as they are now
    #[arg(long, value_name = "REV", conflicts_with = "live")]
    pub(crate) base: Option<String>,
    /// How the plan is written; markdown suits comments on pull requests [default: text, or github in a GitHub workflow]
    ///
    /// github writes annotations, and the plan as Markdown into the summary of the job.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<PlanFormat>,
    /// The most characters of --format markdown
    #[arg(long, default_value_t = MAX_SIZE, value_name = "BYTES")]
    pub(crate) max_size: usize,
    /// Which steps of long rollouts are shown: only the first and the last ones, or all
    #[arg(long, value_enum, default_value_t = Steps::Folded, value_name = "WHICH")]
    pub(crate) steps: Steps,
    /// What the manifests cannot know: startup=5s, pull=20s, termination=10s, nodes=5, replicas/web=18
    #[arg(long, value_name = "ASSUMPTION", value_delimiter = ',')]
    pub(crate) assume: Vec<String>,
    /// A condition that makes the exit status 1 if it fails: 'availability >= 80%', 'web: peak <= 15', 'rejected == 0'
    #[arg(long, value_name = "CONDITION")]
    pub(crate) gate: Vec<String>,
    /// The Kubernetes version, such as 1.36 [default: the newest known]
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes_version: Option<String>,
    /// Who applies the objects, and so in which order: kubectl, helm, argocd, flux or kapp [default: kubectl]
    #[arg(long, value_name = "TOOL")]
    pub(crate) apply_with: Option<Applier>,
    /// Leave out the notes about what was skipped
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) input: Input,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Simulate {
    /// Scenarios in JSON or YAML, or `-` for standard input; the form is that of schemas/scenario.schema.json
    #[arg(value_name = "SCENARIO", required = true)]
    pub(crate) scenarios: Vec<PathBuf>,
    /// How traces are written; JSON is one value on a line for each scenario
    #[arg(long, value_enum, default_value_t = PageFormat::Text, value_name = "FORMAT")]
    pub(crate) format: PageFormat,
    /// The Kubernetes version, such as 1.36 [default: the newest known]
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes_version: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    Text,
    Json,
    Markdown,
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Steps {
    Folded,
    All,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The rule's id, as findings show it in brackets
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// How the page is written
    #[arg(long, value_enum, default_value_t = PageFormat::Text, value_name = "FORMAT")]
    pub(crate) format: PageFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rules {
    /// How the list is written
    #[arg(long, value_enum, default_value_t = PageFormat::Text, value_name = "FORMAT")]
    pub(crate) format: PageFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageFormat {
    Text,
    Json,
}

fn format(name: &str) -> Result<Format, String> {
    Format::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.into_iter().map(Format::name).collect();
        format!("the formats are {}", names.join(", "))
    })
}

fn fail_on(name: &str) -> Result<FailOn, String> {
    match name {
        "error" => Ok(FailOn::Error),
        "warning" => Ok(FailOn::Warning),
        "info" => Ok(FailOn::Info),
        "never" => Ok(FailOn::Never),
        _ => Err("it is one of error, warning, info, never".to_owned()),
    }
}
