//! The model: entities, relations, and the score of a triple.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use rand::Rng;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::KnowledgeMethod;
use super::distance::{Between, Directions, Pairing, Polar};
use super::relation::Maps;
use crate::graph::KnowledgeGraph;
use crate::manifolds::Curvatures;
use crate::nn::Path;
use crate::numerics::{require_at_least_one, require_positive};
use crate::random::random_normal;
use crate::{Error, Geodesic, PoincareBall, Result};

/// The settings of a [`KnowledgeModel`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KnowledgeConfig {
    /// How relations move heads.
    pub method: KnowledgeMethod,
    /// The dimension d, even but for `MuRP` and `MuRE`.
    pub dim: usize,
    /// The curvature κ < 0 of `MuRP`, and of each relation of the other hyperbolic methods at first.
    pub curvature: f64,
    /// Whether the curvatures of relations are learned. That of `MuRP` never is.
    pub learn_curvature: bool,
    /// The standard deviation of the coordinates of entities, translations and attention at first.
    pub init_scale: f64,
}

impl Default for KnowledgeConfig {
    /// `RotH` in 32 dimensions, curvatures that start at −1 and are learned, coordinates of standard
    /// deviation 0.001.
    fn default() -> Self {
        Self {
            method: KnowledgeMethod::RotH,
            dim: 32,
            curvature: -1.0,
            learn_curvature: true,
            init_scale: 1e-3,
        }
    }
}

impl KnowledgeConfig {
    /// Whether every setting has a value that a model is defined for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the first setting out of range and its range.
    pub fn validate(&self) -> Result<()> {
        const OP: &str = "KnowledgeConfig";
        require_at_least_one(OP, "dim", self.dim)?;
        if self.method.turns_pairs() && self.dim % 2 == 1 {
            let expected = format!("an even dim for {}", self.method);
            return Err(Error::invalid(OP, expected, self.dim));
        }
        if !(self.curvature.is_finite() && self.curvature < 0.0) {
            let expected = "a finite curvature < 0";
            return Err(Error::invalid(OP, expected, self.curvature));
        }
        require_positive(OP, "init_scale", self.init_scale)
    }
}

/// Scores of facts (head, relation, tail), by how near the moved head is to the tail.
///
/// ```text
/// score(h, r, t) = −d(q(h, r), t)² + b_h + b'_t
/// ```
///
/// with the query q of the [method](KnowledgeMethod) and biases of heads and tails. Scores against all
/// tails cost one matrix `[B, N]` of numbers, also where the curvatures of the queries differ. With
/// c = −κ, everything is computed at curvature −1, on coordinates times √c, and distances are divided by √c.
///
/// Each relation r < R has an inverse r + R with parameters of its own, so that a head is found as the tail of
/// (t, r + R, ?).
///
/// Entities and translations are points of the ball in `MuRP`, and otherwise plain vectors: the hyperbolic
/// methods take exp₀ of them, so that a vector v is at the distance 2|v| from the origin. As κ → 0, their
/// scores become those of the Euclidean twin with all distances doubled, −4|q − t|²; Rot(r₁) + r₂ is then
/// the translation of `RotH`.
///
/// # Accuracy
///
/// Scores are f64 in every store. Distances of pairs do not cancel; the query is a point of the ball, and has
/// the digits that one has at its distance from the origin, at most 36/√c. Tails other than those of `MuRP`
/// may be farther; scores are finite while the distances from the origin add up to less than 700/√c.
///
/// # Gradient
///
/// In all parameters and curvatures, also where a query coincides with a tail or is at the origin.
///
/// # Examples
///
/// Three generations of a family:
///
/// ```
/// use holonomy::graph::{KnowledgeGraph, Split};
/// use holonomy::nn::{self, KnowledgeConfig, KnowledgeModel, KnowledgeTrainer};
/// use holonomy::optim::{AdamConfig, RiemannianAdam};
/// use holonomy::random::generator;
/// use holonomy::tch::{Device, Kind};
///
/// let facts = "anna\tmother_of\tbert\nbert\tfather_of\tcora\nanna\tgrandmother_of\tcora\n\
///              anna\tmother_of\tdora\ndora\tmother_of\temil\n";
/// let (graph, _) = KnowledgeGraph::parse([facts, "", "anna\tgrandmother_of\temil\n"])?;
///
/// let store = nn::Store::new(Device::Cpu, Kind::Double)?;
/// let config = KnowledgeConfig { dim: 8, ..KnowledgeConfig::default() };
/// let model = KnowledgeModel::new(store.root(), &graph, &config, &mut generator(1))?;
/// let optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.05))?;
/// let mut trainer = KnowledgeTrainer::new(&model, optimizer, &graph, Default::default())?;
/// let first = trainer.epoch()?;
/// for _ in 0..50 {
///     trainer.epoch()?;
/// }
/// assert!(trainer.epoch()? < 0.5 * first);
/// let train = nn::rank(&model, &graph, Split::Train)?;
/// assert!(train.both.mean_reciprocal_rank > 0.9);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// balazevic2019; chami2020.
#[derive(Debug)]
pub struct KnowledgeModel {
    config: KnowledgeConfig,
    /// Of curvature −1.
    ball: PoincareBall,
    /// N and R.
    counts: [i64; 2],
    /// `[N, d]`
    entities: Tensor,
    /// `[N]`
    head_biases: Tensor,
    tail_biases: Tensor,
    maps: Maps,
    /// `[2R, d]`
    translations: Tensor,
    /// Of RotH, `[2R, d]`.
    translations_before: Option<Tensor>,
    /// `[2R]`
    curvatures: Option<Curvatures>,
}

/// Queries, as they are compared with candidates.
enum Query {
    Flat(Tensor),
    Hyperbolic {
        polar: Polar,
        /// c and √c of each query, `[B, 1]`.
        c: Tensor,
        root_c: Tensor,
    },
}

const OP: &str = "KnowledgeModel";

/// The most numbers in a tensor of translated tails.
const LARGEST: i64 = 1 << 22;

impl KnowledgeModel {
    /// A model of a knowledge graph's entities and relations, drawn at random.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a setting out of range, a name in the store that is taken, or fewer
    /// than two entities; [`Error::NotOnManifold`] if the points of `MuRP` are drawn outside of the ball.
    pub fn new<'a>(
        p: impl Borrow<Path<'a>>,
        graph: &KnowledgeGraph,
        config: &KnowledgeConfig,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        config.validate()?;
        let p = p.borrow();
        let counts = [
            graph.entities().len() as i64,
            graph.relations().len() as i64,
        ];
        if counts[0] < 2 {
            return Err(Error::invalid(OP, "two entities at least", counts[0]));
        }
        let (dim, rows) = (config.dim as i64, 2 * counts[1]);
        let ball = PoincareBall::new(dim, -1.0)?;
        let normal = |rng: &mut dyn Rng, rows: i64| {
            random_normal(rng, &[rows, dim], Kind::Double, Device::Cpu) * config.init_scale
        };
        let method = config.method;
        let vectors = |name: &str, value: &Tensor| {
            if method == KnowledgeMethod::MuRP {
                let space = PoincareBall::new(dim, config.curvature)?;
                p.point(name, &space, &value.to_kind(p.kind()))
            } else {
                p.variable(name, value)
            }
        };
        let zeros = || Tensor::zeros([counts[0]], (Kind::Double, Device::Cpu));
        let entities = vectors("entities", &normal(rng, counts[0]))?;
        let translations = vectors("translations", &normal(rng, rows))?;
        let translations_before = match method {
            KnowledgeMethod::RotH => Some(p.variable("translations_before", &normal(rng, rows))?),
            _ => None,
        };
        let maps = Maps::new(p, method, [rows, dim], |rng| normal(rng, rows), rng)?;
        let curvatures = if method.is_hyperbolic() && method != KnowledgeMethod::MuRP {
            let place = p / "curvatures";
            let curvatures = place.curvatures("of_relations", rows, config.curvature)?;
            if !config.learn_curvature {
                place.freeze();
            }
            Some(curvatures)
        } else {
            None
        };
        Ok(Self {
            head_biases: p.variable("head_biases", &zeros())?,
            tail_biases: p.variable("tail_biases", &zeros())?,
            config: config.clone(),
            ball,
            counts,
            entities,
            maps,
            translations,
            translations_before,
            curvatures,
        })
    }

    /// The settings.
    pub fn config(&self) -> &KnowledgeConfig {
        &self.config
    }

    /// The number N of entities.
    pub fn entity_count(&self) -> usize {
        self.counts[0] as usize
    }

    /// The number R of relations, without inverses.
    pub fn relation_count(&self) -> usize {
        self.counts[1] as usize
    }

    /// The entities `[N, d]`, which share the memory of the store: points of the ball for `MuRP`, otherwise
    /// vectors.
    pub fn entities(&self) -> Tensor {
        self.entities.shallow_clone()
    }

    /// The curvature κ of each relation and inverse, `[2R]`; `None` for Euclidean methods.
    pub fn curvatures(&self) -> Option<Tensor> {
        match (&self.curvatures, self.config.method) {
            (Some(curvatures), _) => Some(curvatures.tensor().detach()),
            (None, KnowledgeMethod::MuRP) => {
                let options = (Kind::Double, self.entities.device());
                Some(Tensor::full(
                    [2 * self.counts[1]],
                    self.config.curvature,
                    options,
                ))
            }
            (None, _) => None,
        }
    }

    /// The scores of triples.
    ///
    /// # Shapes
    ///
    /// Numbers i64 `[B]` each → `[B]`, f64. A relation r + R is the inverse of r.
    ///
    /// # Panics
    ///
    /// If shapes or kinds do not fit, or a number is out of range.
    #[track_caller]
    pub fn scores(&self, heads: &Tensor, relations: &Tensor, tails: &Tensor) -> Tensor {
        const OP: &str = "scores";
        self.check_questions(OP, heads, relations);
        check_numbers(OP, "tails", tails, &heads.size(), self.counts[0]);
        self.scores_of(heads, relations, &tails.unsqueeze(1))
            .squeeze_dim(1)
    }

    /// The scores of several tails of each query.
    ///
    /// # Shapes
    ///
    /// Numbers i64 `[B]`, `[B]` and `[B, K]` → `[B, K]`, f64.
    ///
    /// # Panics
    ///
    /// If shapes or kinds do not fit, or a number is out of range.
    #[track_caller]
    pub fn scores_of(&self, heads: &Tensor, relations: &Tensor, tails: &Tensor) -> Tensor {
        const OP: &str = "scores_of";
        self.check_questions(OP, heads, relations);
        let size = tails.size();
        let expected = [heads.size()[0], size.last().copied().unwrap_or(0)];
        check_numbers(OP, "tails", tails, &expected, self.counts[0]);
        let flat = tails.flatten(0, 1);
        let of_tails = |table: &Tensor| {
            let rows = table.index_select(0, &flat).to_kind(Kind::Double);
            rows.view([size.as_slice(), &table.size()[1..]].concat().as_slice())
        };
        let candidates = of_tails(&self.entities);
        let squared = match self.query(heads, relations) {
            Query::Flat(query) => Pairing::Own.squared(&query, &candidates),
            Query::Hyperbolic { polar, c, root_c } => {
                let directions = &polar.directions;
                if self.config.method == KnowledgeMethod::MuRP {
                    let tails =
                        self.translated(&candidates, &self.translation(relations).unsqueeze(1));
                    let between = Between::new(Pairing::Own, directions, &tails.directions, None);
                    between.squared_distance(&polar.radius.unsqueeze(1), &tails.radius) / c
                } else {
                    let tails = Directions::new(&candidates);
                    let between = Between::new(Pairing::Own, directions, &tails, Some(&root_c));
                    let radius = radii(&candidates) * &root_c;
                    between.squared_distance(&polar.radius.unsqueeze(1), &radius) / c
                }
            }
        };
        self.head_bias(heads) - squared + of_tails(&self.tail_biases)
    }

    /// The scores of all entities as tails.
    ///
    /// # Shapes
    ///
    /// Numbers i64 `[B]`, `[B]` → `[B, N]`, f64.
    ///
    /// # Panics
    ///
    /// If shapes or kinds do not fit, or a number is out of range.
    #[track_caller]
    pub fn scores_of_all(&self, heads: &Tensor, relations: &Tensor) -> Tensor {
        self.check_questions("scores_of_all", heads, relations);
        let squared = match self.query(heads, relations) {
            Query::Flat(query) => {
                Pairing::All.squared(&query, &self.entities.to_kind(Kind::Double))
            }
            Query::Hyperbolic { polar, c, .. } if self.config.method == KnowledgeMethod::MuRP => {
                self.squared_distances_to_translated(&polar, relations) / c
            }
            Query::Hyperbolic { polar, c, root_c } => {
                let candidates = self.entities.to_kind(Kind::Double);
                let tails = Directions::new(&candidates);
                let between = Between::new(Pairing::All, &polar.directions, &tails, Some(&root_c));
                let radius = radii(&candidates) * &root_c;
                between.squared_distance(&polar.radius.unsqueeze(1), &radius) / c
            }
        };
        self.head_bias(heads) - squared + self.tail_biases.to_kind(Kind::Double)
    }

    #[track_caller]
    fn check_questions(&self, op: &str, heads: &Tensor, relations: &Tensor) {
        let size = [heads.size().first().copied().unwrap_or(0)];
        check_numbers(op, "heads", heads, &size, self.counts[0]);
        check_numbers(op, "relations", relations, &size, 2 * self.counts[1]);
    }

    /// `[B, 1]`
    fn head_bias(&self, heads: &Tensor) -> Tensor {
        let biases = self.head_biases.index_select(0, heads);
        biases.to_kind(Kind::Double).unsqueeze(1)
    }

    /// √c times the translations of MuRP, `[.., d]`.
    fn translation(&self, relations: &Tensor) -> Tensor {
        let rows = self.translations.index_select(0, relations);
        rows.to_kind(Kind::Double) * (-self.config.curvature).sqrt()
    }

    /// t ⊕ r of MuRP at curvature −1: entities and translations whose batches broadcast.
    fn translated(&self, entities: &Tensor, translations: &Tensor) -> Polar {
        let tails = entities * (-self.config.curvature).sqrt();
        Polar::of_ball(&self.ball, &self.ball.mobius_add(&tails, translations))
    }

    /// The tails of MuRP depend on the relation: those of several relations at a time are translated.
    fn squared_distances_to_translated(&self, query: &Polar, relations: &Tensor) -> Tensor {
        let numbers = Vec::<i64>::try_from(relations.to_device(Device::Cpu)).unwrap_or_default();
        let mut rows: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (row, relation) in numbers.iter().enumerate() {
            rows.entry(*relation).or_default().push(row as i64);
        }
        let device = relations.device();
        let order: Vec<i64> = rows.values().flatten().copied().collect();
        let mut place = vec![0_i64; order.len()];
        for (at, row) in order.iter().enumerate() {
            place[*row as usize] = at as i64;
        }
        let groups: Vec<(i64, Tensor)> = rows
            .into_iter()
            .map(|(relation, rows)| (relation, Tensor::from_slice(&rows).to_device(device)))
            .collect();
        let entities = self.entities.to_kind(Kind::Double).unsqueeze(0);
        let at_once = (LARGEST / entities.numel() as i64).max(1) as usize;
        let (mut between, mut radii) = (Vec::new(), Vec::new());
        if groups.is_empty() {
            return Tensor::zeros([0, self.counts[0]], (Kind::Double, device));
        }
        for groups in groups.chunks(at_once) {
            let relations: Vec<i64> = groups.iter().map(|(relation, _)| *relation).collect();
            let relations = Tensor::from_slice(&relations).to_device(device);
            let tails = self.translated(&entities, &self.translation(&relations).unsqueeze(1));
            for (group, (_, rows)) in groups.iter().enumerate() {
                let directions = tails.directions.entry(group as i64);
                let queries = query.directions.rows(rows);
                between.push(Between::new(Pairing::All, &queries, &directions, None));
                let radius = tails.radius.select(0, group as i64);
                radii.push(radius.unsqueeze(0).expand([rows.size()[0], -1], false));
            }
        }
        let place = Tensor::from_slice(&place).to_device(device);
        let radii = Tensor::cat(&radii, 0).index_select(0, &place);
        Between::joined(&between, &place).squared_distance(&query.radius.unsqueeze(1), &radii)
    }

    /// Where heads are moved by relations.
    fn query(&self, heads: &Tensor, relations: &Tensor) -> Query {
        let method = self.config.method;
        let of = |table: &Tensor| table.index_select(0, relations).to_kind(Kind::Double);
        let heads = self.entities.index_select(0, heads).to_kind(Kind::Double);
        let moved = |x: &Tensor| self.maps.apply(relations, x);
        if !method.is_hyperbolic() {
            let translation = of(&self.translations);
            return Query::Flat(if method == KnowledgeMethod::MuRE {
                // |S h − (t + r)|
                moved(&heads) - translation
            } else {
                moved(&heads) + translation
            });
        }
        let ball = &self.ball;
        let c = if let Some(curvatures) = &self.curvatures {
            -curvatures.of(relations).unsqueeze(1)
        } else {
            let size = [heads.size()[0], 1];
            Tensor::full(size, -self.config.curvature, (Kind::Double, heads.device()))
        };
        let root_c = c.sqrt();
        let exp = |v: Tensor| ball.exp(&v.zeros_like(), &(v * &root_c));
        let query = match method {
            KnowledgeMethod::MuRP => {
                let origin = heads.zeros_like();
                ball.exp(&origin, &moved(&ball.log(&origin, &(heads * &root_c))))
            }
            KnowledgeMethod::RotH => {
                let head = exp(heads);
                let head = match &self.translations_before {
                    Some(before) => ball.mobius_add(&head, &exp(of(before))),
                    None => head,
                };
                ball.mobius_add(&moved(&head), &exp(of(&self.translations)))
            }
            _ => ball.mobius_add(&exp(moved(&heads)), &exp(of(&self.translations))),
        };
        Query::Hyperbolic {
            polar: Polar::of_ball(ball, &query),
            c,
            root_c,
        }
    }
}

/// The distances 2|v| of exp₀ v from the origin, `[.., d]` → `[..]`.
fn radii(v: &Tensor) -> Tensor {
    crate::numerics::norm_last(v) * 2.0
}

#[track_caller]
fn check_numbers(op: &str, what: &str, numbers: &Tensor, size: &[i64], bound: i64) {
    assert!(
        numbers.kind() == Kind::Int64 && numbers.size() == size,
        "{op}: expected {what} {size:?} of kind Int64, got {numbers:?}"
    );
    let is_in_range = numbers.numel() == 0
        || numbers.min().int64_value(&[]) >= 0 && numbers.max().int64_value(&[]) < bound;
    assert!(
        is_in_range,
        "{op}: expected {what} from 0 to {}, got {numbers:?}",
        bound - 1
    );
}
