//! The data set that every contender answers from, and the questions it is asked.
//!
//! 20 accounts and 20 aliases a domain. Everything follows from the number of entries, so two runs
//! ask the same. Popularity follows Zipf's law with exponent 1 through a permutation, so popular
//! keys do not lie side by side in anybody's memory.

use std::collections::HashMap;
use std::fmt::Write as _;

/// The first gid and uid of the schema.
const FIRST_ID: usize = 70_000;
const FIRST_NAMES: [&str; 20] = [
    "anna", "ben", "clara", "david", "emma", "felix", "greta", "henry", "ida", "jonas", "katja",
    "leo", "maria", "noah", "olga", "paul", "quirin", "rosa", "simon", "tilda",
];
const LAST_NAMES: [&str; 13] = [
    "adler", "berger", "conrad", "dietz", "ebert", "fischer", "graf", "hoffmann", "jung",
    "krueger", "lehmann", "meyer", "neumann",
];
const ROLES: [&str; 20] = [
    "abuse",
    "billing",
    "contact",
    "events",
    "help",
    "hostmaster",
    "info",
    "jobs",
    "legal",
    "news",
    "office",
    "orders",
    "press",
    "sales",
    "security",
    "service",
    "shop",
    "support",
    "team",
    "webmaster",
];

/// The tables that are asked: accounts in the one, aliases in the other, half of the time each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    VirtualAliasMaps,
    VirtualMailboxMaps,
}

/// Domains with accounts and aliases.
#[derive(Debug)]
pub(crate) struct DataSet {
    domains: usize,
    aliases: Vec<Vec<String>>,
}

/// A key in a table, and what it holds.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) table: Table,
    pub(crate) key: String,
    pub(crate) value: Option<String>,
}

impl Table {
    pub(crate) const ALL: [Self; 2] = [Self::VirtualAliasMaps, Self::VirtualMailboxMaps];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::VirtualAliasMaps => "virtual_alias_maps",
            Self::VirtualMailboxMaps => "virtual_mailbox_maps",
        }
    }
}

impl DataSet {
    /// A set of so many entries, a multiple of 40.
    pub(crate) fn new(entries: usize) -> Self {
        let domains = entries / 40;
        let mut random = Random::new(entries as u64);
        let aliases = (0..domains * 20).map(|n| destinations(n / 20, &mut random)).collect();
        Self { domains, aliases }
    }

    /// How many accounts and aliases there are.
    pub(crate) fn entries(&self) -> usize {
        self.domains * 40
    }

    /// A script for `psql` that loads everything by `COPY` into a migrated database.
    pub(crate) fn sql(&self) -> String {
        let mut sql = String::from("BEGIN;\nCOPY postcote.domain (gid, directory) FROM STDIN;\n");
        let mut line = |columns: &[&dyn std::fmt::Display]| {
            for (n, column) in columns.iter().enumerate() {
                write!(sql, "{}{column}", if n == 0 { "" } else { "\t" }).unwrap();
            }
            sql.push('\n');
        };
        for domain in 0..self.domains {
            line(&[&gid(domain), &directory(domain)]);
        }
        line(&[&"\\.\nCOPY postcote.domain_name (name, gid, is_primary) FROM STDIN;"]);
        for domain in 0..self.domains {
            line(&[&domain_name(domain), &gid(domain), &"t"]);
        }
        line(&[&"\\.\nCOMMIT;\nCOPY postcote.account (uid, gid, localpart, password) FROM STDIN;"]);
        for n in 0..self.domains * 20 {
            line(&[&(FIRST_ID + n), &gid(n / 20), &account(n), &"{PLAIN}secret"]);
        }
        line(&[&"\\.\nCOPY postcote.alias (gid, localpart, destinations) FROM STDIN;"]);
        for (n, to) in self.aliases.iter().enumerate() {
            line(&[&gid(n / 20), &ROLES[n % 20], &format!("{{{}}}", to.join(","))]);
        }
        line(&[&"\\.\nVACUUM ANALYZE;\nCHECKPOINT;"]);
        sql
    }

    /// Questions in the order in which they are asked, a tenth of them for unknown addresses of
    /// known domains. Every question comes from one of [`DataSet::distinct`].
    pub(crate) fn questions(&self, count: usize) -> Vec<Question> {
        let mut random = Random::new(1);
        let popularity = Zipf::new(self.domains * 20);
        let places = random.permutation(self.domains * 20);
        let one = |_| {
            let table = Table::ALL[random.below(2)];
            let n = places[popularity.draw(&mut random)];
            self.question(table, n, random.below(10) > 0)
        };
        (0..count).map(one).collect()
    }

    /// Every question with an answer.
    pub(crate) fn distinct(&self) -> impl Iterator<Item = Question> {
        let numbers = 0..self.domains * 20;
        numbers.flat_map(|n| Table::ALL.map(|table| self.question(table, n, true)))
    }

    fn question(&self, table: Table, n: usize, known: bool) -> Question {
        let (localpart, value) = match table {
            Table::VirtualAliasMaps => (ROLES[n % 20].to_owned(), self.aliases[n].join(",")),
            Table::VirtualMailboxMaps => {
                (account(n), format!("{}/{}/Maildir/", directory(n / 20), FIRST_ID + n))
            }
        };
        let unknown = if known { "" } else { "no." };
        let key = format!("{unknown}{localpart}@{}", domain_name(n / 20));
        Question { table, key, value: known.then_some(value) }
    }
}

impl Question {
    /// The bytes of the request.
    pub(crate) fn request(&self) -> String {
        netstring(&format!("{} {}", self.table.as_str(), self.key))
    }

    /// The bytes of the right reply.
    pub(crate) fn reply(&self) -> String {
        match &self.value {
            Some(value) => netstring(&format!("OK {value}")),
            None => netstring("NOTFOUND "),
        }
    }
}

/// The static map of a bare responder: requests to replies.
pub(crate) fn replies(data: &DataSet) -> HashMap<Box<[u8]>, Box<[u8]>> {
    let bytes = |text: String| text.into_bytes().into_boxed_slice();
    data.distinct().map(|one| (bytes(one.request()), bytes(one.reply()))).collect()
}

fn netstring(payload: &str) -> String {
    format!("{}:{payload},", payload.len())
}

fn gid(domain: usize) -> usize {
    FIRST_ID + domain
}

fn directory(domain: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(domain % 26).unwrap());
    format!("/srv/mail/{letter}/{}", gid(domain))
}

fn domain_name(domain: usize) -> String {
    format!("{}-{domain}.example", LAST_NAMES[domain % LAST_NAMES.len()])
}

fn account(n: usize) -> String {
    format!("{}.{}", FIRST_NAMES[n % 20], LAST_NAMES[(n / 20 + n) % LAST_NAMES.len()])
}

/// 70 % of the aliases have one destination, 20 % two, 10 % three; a quarter of the destinations
/// lies elsewhere.
fn destinations(domain: usize, random: &mut Random) -> Vec<String> {
    let count = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3][random.below(10)];
    let first = random.below(20);
    let one = |n: usize| {
        let account = account(domain * 20 + (first + n) % 20);
        if random.below(4) == 0 {
            format!("{account}@elsewhere-{}.example", random.below(1000))
        } else {
            format!("{account}@{}", domain_name(domain))
        }
    };
    (0..count).map(one).collect()
}

/// Draws ranks: the first is asked for twice as often as the second.
struct Zipf {
    /// The sums of 1/rank.
    sums: Vec<f64>,
}

impl Zipf {
    fn new(ranks: usize) -> Self {
        let mut sum = 0.0;
        let mut next = |rank: u32| {
            sum += 1.0 / f64::from(rank);
            sum
        };
        Self { sums: (1..=u32::try_from(ranks).unwrap()).map(&mut next).collect() }
    }

    fn draw(&self, random: &mut Random) -> usize {
        let point = random.fraction() * self.sums.last().unwrap();
        self.sums.partition_point(|sum| *sum <= point).min(self.sums.len() - 1)
    }
}

/// `SplitMix64`: good enough to draw keys, and the same numbers everywhere.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut places: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            places.swap(last, self.below(last + 1));
        }
        places
    }
}
