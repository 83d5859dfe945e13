//! Files that are looked at again and again: what did not change is kept.

use std::sync::Arc;

use super::{Background, Report, Settings, report};
use crate::admission::{self, Judge, Request, Verdict};
use crate::cluster::{Cluster, Object};
use crate::finding::{Finding, Findings, Group};
use crate::parallel::in_order;
use crate::plan::{self, Side};
use crate::rules::{self, Context, Rule, Update};
use crate::source::{FileId, Place, Source, Sources};
use crate::yaml::{self, Document, Path};

/// Texts that are looked at together, and again whenever one of them is replaced. What was found in a text by itself, and
/// what the API server says to its objects, stays until the text is another one.
///
/// ```
/// use seatrial::lint::{Background, Session, Settings};
/// use seatrial::source::Sources;
///
/// let mut session = Session::new(Sources::default(), Background::default(), Settings::default());
/// let file = session.add("config.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dat: {}}");
/// assert_eq!(session.report().findings[0].rule, "unknown-field");
/// session.replace(file, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {}}");
/// assert!(session.report().findings.is_empty());
/// ```
pub struct Session {
    settings: Settings,
    rules: Vec<&'static Rule>,
    definitions: Side,
    old: Side,
    new: Side,
    /// By [`FileId`]; `None` where the text is a new one.
    files: Vec<Option<File>>,
    /// With the definitions of all files; `None` as soon as one of them may be another.
    judge: Option<Judge>,
}

/// What is known of a text.
struct File {
    documents: Vec<Arc<Document>>,
    objects: Vec<Object>,
    /// What is found in the text by itself.
    findings: Vec<Finding>,
    /// What the API server says to each of the objects; `None` as long as it was not asked.
    judged: Vec<Option<Judged>>,
}

/// What the API server says to an object.
struct Judged {
    findings: Vec<Finding>,
    has_schema: bool,
    /// Where the object stands that it replaces.
    old: Option<Place>,
}

impl Session {
    /// A session over these texts.
    pub fn new(sources: Sources, background: Background, settings: Settings) -> Self {
        let files = sources.iter().map(|_| None).collect();
        let unread = |sources| Side { sources, cluster: Cluster::default() };
        Self {
            rules: settings.rules(),
            settings,
            definitions: Side::new(background.definitions),
            old: Side::new(background.old),
            new: unread(sources),
            files,
            judge: None,
        }
    }

    /// The texts.
    pub fn sources(&self) -> &Sources {
        &self.new.sources
    }

    /// Adds a text.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.files.push(None);
        self.new.sources.add(name, text)
    }

    /// Puts another text in the place of the text `id`; an empty one takes its objects away.
    pub fn replace(&mut self, id: FileId, text: impl Into<Arc<str>>) {
        let at = id.0 as usize;
        if self.files[at].as_ref().is_some_and(File::has_definitions) {
            self.forget_verdicts();
        }
        self.files[at] = None;
        self.new.sources.replace(id, text);
    }

    /// Everything that is wrong now.
    pub fn report(&mut self) -> Report {
        self.read();
        let known = |file: &Option<File>| file.as_ref().map(|file| (file.documents.clone(), file.objects.clone()));
        let (documents, objects): (Vec<_>, Vec<_>) = self.files.iter().filter_map(known).unzip();
        self.new.cluster = Cluster::of(documents.concat(), objects.concat());
        let judge = self.judge.get_or_insert_with(|| {
            // A definition of the input comes last, so that it wins over one from elsewhere.
            let definitions = [&self.definitions.cluster, &self.new.cluster].into_iter();
            Judge::new(self.settings.servers(), definitions.flat_map(|side| side.of_kind("CustomResourceDefinition")))
        });
        let has_old = self.old.sources.iter().next().is_some();
        let options = plan::Options {
            server: judge.server().clone(),
            definitions: if has_old { self.definitions.sources.clone() } else { Sources::default() },
            ..plan::Options::default()
        };
        let update = Update::new(&self.old, &self.new, options);
        ask(&mut self.files, judge, &update, &self.settings);
        let mut out = Findings::new("", Group::Refused);
        let mut without_schema = 0;
        for file in self.files.iter().flatten() {
            out.extend(file.findings.iter().cloned());
            for judged in file.judged.iter().flatten() {
                without_schema += usize::from(!judged.has_schema);
                out.extend(judged.findings.iter().cloned());
            }
        }
        let mut context = Context::new(&self.new.cluster, &self.new.sources);
        if has_old {
            context = context.with_update(update);
        }
        rules::across(&context, &self.rules, &mut out);
        let unread_old = unread(&self.old);
        Report { without_schema, unread_old, ..report(&self.new.sources, &self.new.cluster, &self.settings, out) }
    }

    /// Reads the texts that are new.
    fn read(&mut self) {
        let new = |(id, file): (FileId, &Option<File>)| file.is_none().then_some(id);
        let new: Vec<FileId> = (0..).map(FileId).zip(&self.files).filter_map(new).collect();
        let files = in_order(&new, |id| File::read(*id, self.new.sources.get(*id), &self.rules));
        if files.iter().any(File::has_definitions) {
            self.forget_verdicts();
        }
        for (id, file) in new.into_iter().zip(files) {
            self.files[id.0 as usize] = Some(file);
        }
    }

    /// With other definitions, what the API server says to custom resources is another matter.
    fn forget_verdicts(&mut self) {
        self.judge = None;
        for judged in self.files.iter_mut().flatten().flat_map(|file| &mut file.judged) {
            *judged = None;
        }
    }
}

impl File {
    fn read(id: FileId, source: &Source, rules: &[&Rule]) -> Self {
        let documents: Vec<Arc<Document>> = yaml::read(id, source).into_iter().map(Arc::new).collect();
        let mut found = Findings::new("", Group::Refused);
        let mut objects = Vec::new();
        for document in &documents {
            let of_document = crate::cluster::objects(document);
            admission::reading(document, &mut found);
            rules::local(document, &of_document, rules, &mut found);
            objects.extend(of_document);
        }
        let judged = objects.iter().map(|_| None).collect();
        Self { documents, objects, findings: found.into_vec(), judged }
    }

    fn has_definitions(&self) -> bool {
        self.objects.iter().any(|object| object.identity.kind == "CustomResourceDefinition")
    }
}

/// Where the documents of a side stand that cannot be read.
fn unread(side: &Side) -> Vec<String> {
    let unread = side.cluster.documents.iter().filter(|document| document.is_unreadable());
    let place = |document: &Arc<Document>| {
        let source = side.sources.get(document.file);
        format!("{}:{}", source.name, source.position(document.span.start as usize).line)
    };
    unread.map(place).collect()
}

/// Asks the API server about all objects about which it was not asked, and about those that replace another one now.
fn ask(files: &mut [Option<File>], judge: &Judge, update: &Update<'_>, settings: &Settings) {
    let mut open = Vec::new();
    for file in files.iter_mut().flatten() {
        for (object, judged) in file.objects.iter().zip(&mut file.judged) {
            let old = update.old(object);
            let place = old.map(|old| old.place(&Path::root()));
            if judged.as_ref().is_none_or(|judged| judged.old != place) {
                open.push((object, old, place, judged));
            }
        }
    }
    let request = |object, old| Request { object, old, running: None, how: settings.how };
    let requests: Vec<Request<'_>> = open.iter().map(|(object, old, ..)| request(*object, *old)).collect();
    let verdicts = in_order(&requests, |request| judge.judge(request));
    for ((.., old, judged), verdict) in open.into_iter().zip(verdicts) {
        let Verdict { findings, has_schema, .. } = verdict;
        *judged = Some(Judged { findings, has_schema, old });
    }
}
