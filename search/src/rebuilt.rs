//! An index that is made anew beside the one that people search, compared with it, and put in its place.
//!
//! The two stand in folders next to each other; a small file says which of them is searched ([`crate::folder`]). It is replaced
//! whole, so a process that dies leaves one of the two to be searched, and the other one is deleted at the next start.

use crate::error::SearchError;
use crate::folder::{beside, remove, remove_replaced, search_from_now_on};
use crate::index::{Index, Opened};
use crate::stored;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet, Searcher, TERMINATED};

/// What a document is made of, in brief: two with the same contents have the same.
pub type Digest = u64;

impl Index {
    /// An empty index in the folder beside this one's. What an attempt before has left there is deleted. This blocks.
    pub fn beside(&self) -> Result<Self, SearchError> {
        let folder = beside(&self.opened().path);
        remove(&folder, "it was begun by an attempt that did not end")?;
        // Damage to it is noted in it: the one that is searched is none the worse.
        Self::open_version(&folder, &folder)
    }

    /// The digest of every document, by its key. This blocks.
    pub fn digests(&self) -> Result<BTreeMap<String, Digest>, SearchError> {
        let (searcher, mut digests) = (self.searcher(), BTreeMap::new());
        self.each_key(&searcher, |key, address| {
            let source = stored::text(&searcher, self.fields(), address)?;
            let mut hasher = DefaultHasher::new();
            source.hash(&mut hasher);
            digests.insert(key, hasher.finish());
            Ok(())
        })?;
        Ok(digests)
    }

    /// What the document of this key is made of, as JSON. This blocks.
    pub fn source(&self, key: &str) -> Result<Option<String>, SearchError> {
        let source = stored::source(&self.searcher(), self.fields(), key)?;
        Ok(source.map(|source| serde_json::to_string(&source).expect("it was read from JSON")))
    }

    /// Has people search `new`, from now on and after every restart; what this index was is deleted. Only for the owner of
    /// this generation, which must be the newest. Searches that are under way end in what they began in. This blocks.
    pub fn replace(&self, generation: i64, new: &Self) -> Result<(), SearchError> {
        let mut writing = self.writing();
        if generation < writing.generation {
            return Err(SearchError::Fenced);
        }
        let opened = new.opened();
        let mark = new.given_up()?;
        if let Some(writer) = writing.writer.take() {
            writer.wait_merging_threads()?;
        }
        search_from_now_on(&opened.path)?;
        let old = self.put(opened);
        writing.generation = generation;
        writing.mark = mark;
        writing.stale = false;
        self.set_cut(mark.cut);
        drop(writing);
        // Who still searches it has its files open.
        remove_replaced(&old.path);
        Ok(())
    }

    /// Gives up an index that was made anew and is not wanted: its folder is deleted. This blocks.
    pub fn discard(self) -> Result<(), SearchError> {
        self.given_up()?;
        remove_replaced(&self.opened().path);
        Ok(())
    }

    /// Calls `look` with the key and the place of every document.
    fn each_key(
        &self,
        searcher: &Searcher,
        mut look: impl FnMut(String, DocAddress) -> Result<(), SearchError>,
    ) -> Result<(), SearchError> {
        for (ordinal, segment) in (0..).zip(searcher.segment_readers()) {
            let inverted = segment.inverted_index(self.fields().key)?;
            let mut keys = inverted.terms().stream()?;
            while keys.advance() {
                let key = String::from_utf8_lossy(keys.key()).into_owned();
                let mut postings =
                    inverted.read_postings_from_terminfo(keys.value(), IndexRecordOption::Basic)?;
                while postings.doc() != TERMINATED {
                    if !segment.is_deleted(postings.doc()) {
                        look(key.clone(), DocAddress::new(ordinal, postings.doc()))?;
                    }
                    postings.advance();
                }
            }
        }
        Ok(())
    }
}

/// What is open of a folder, shared by whoever searches it.
pub(crate) type Current = Arc<Opened>;
