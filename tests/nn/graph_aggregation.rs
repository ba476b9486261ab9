//! Mirror of `src/nn/graph_aggregation.rs` and `residual.rs`.

use holonomy::graph::Graph;
use holonomy::nn::{Adjacency, GraphAggregation, HyperbolicModel, Neighbours, residual};
use holonomy::{Geodesic, Lorentz, Manifold, PoincareBall};
use tch::nn::ModuleT;
use tch::{Kind, Tensor};

use super::{DOUBLE, features, store};

fn graph() -> Graph {
    let names = (0..6).map(|i| i.to_string()).collect();
    let edges = vec![(0, 1), (1, 2), (2, 0), (3, 1), (4, 3)];
    Graph::new(names, edges, None).unwrap()
}

/// The adjacency as a matrix, row i of what node i hears.
fn dense(adjacency: &Adjacency, of: &dyn Fn(&Tensor) -> Tensor) -> Tensor {
    let eye = Tensor::eye(adjacency.nodes(), DOUBLE);
    of(&eye)
}

fn layer<M: HyperbolicModel>(
    space: &M,
    adjacency: &Adjacency,
    how: Neighbours,
) -> GraphAggregation<M> {
    let store = store(Kind::Double);
    GraphAggregation::new(store.root(), space, adjacency, how).unwrap()
}

fn close(a: &Tensor, b: &Tensor, tolerance: f64) {
    let error = (a - b).abs().max().double_value(&[]);
    assert!(error <= tolerance, "{error:e}");
}

#[test]
fn centroids_over_neighbours_are_centroids() {
    let adjacency = Adjacency::of_graph(&graph()).unwrap();
    assert_eq!((adjacency.nodes(), adjacency.edges()), (6, 6 + 2 * 5));
    // Which nodes each node hears.
    let heard: [&[i64]; 6] = [
        &[0, 1, 2],
        &[0, 1, 2, 3],
        &[0, 1, 2],
        &[1, 3, 4],
        &[3, 4],
        &[5],
    ];
    let space = Lorentz::new(3, -0.6).unwrap();
    let ball = PoincareBall::new(3, -0.6).unwrap();
    for scale in [1e-6, 0.5, 3.0, 9.0] {
        let v = features(&[6, 3]) * scale;
        let x = space.exp_at_origin(&v);
        let y = layer(&space, &adjacency, Neighbours::Centroid).forward_t(&x, true);
        for (node, heard) in heard.iter().enumerate() {
            let points = x.index_select(0, &Tensor::from_slice(heard));
            let weights = Tensor::ones([heard.len() as i64], DOUBLE);
            let expected = space.centroid(&points, &weights);
            let d = space.dist(&y.get(node as i64), &expected).double_value(&[]);
            assert!(d < 1e-12, "{scale} {node} {d:e}");
        }
        let near = ball.exp_at_origin(&(v * 0.5));
        let in_ball = layer(&ball, &adjacency, Neighbours::Centroid).forward_t(&near, true);
        assert!(
            ball.dist(
                &in_ball,
                &PoincareBall::clone(&ball).project(&from_lorentz(&y))
            )
            .max()
            .double_value(&[])
                < 1e-7
        );
    }
}

/// The ball's point of a point of the hyperboloid of κ = −0.6.
fn from_lorentz(x: &Tensor) -> Tensor {
    let root_c = 0.6_f64.sqrt();
    x.narrow(-1, 1, 3) / (x.narrow(-1, 0, 1) * root_c + 1.0)
}

#[test]
fn far_points_in_one_direction_keep_their_digits() {
    let space = Lorentz::new(2, -1.0).unwrap();
    let adjacency = Adjacency::new(3, &[(0, 1), (0, 2), (1, 1), (2, 2)], &[1.0; 4]).unwrap();
    for r in [20.0, 60.0, 150.0] {
        // Along an axis: elsewhere, roundings of far points turn them away from the ray.
        let v = Tensor::from_slice2(&[[0.0, 0.0], [0.0, -r], [0.0, -r - 2.0]]);
        let x = space.exp_at_origin(&v).set_requires_grad(true);
        let y = layer(&space, &adjacency, Neighbours::Centroid).forward_t(&x, true);
        // On the line, at tanh⁻¹ of the mean: sinh-weighted, between the two.
        let d = space.dist(&y.get(0), &y.get(1)).double_value(&[]);
        let sum = space.dist(&y.get(0), &y.get(2)).double_value(&[]) + d;
        assert!(
            (sum - 2.0).abs() < 1e-9 && (d - 1.0).abs() < 1e-9,
            "{r} {d} {sum}"
        );
        y.select(-1, 0).log().sum(Kind::Double).backward();
        assert_eq!(x.grad().isfinite().all().int64_value(&[]), 1);
    }
}

#[test]
fn tangents_are_added_as_a_matrix_does() {
    let adjacency = Adjacency::of_graph(&graph())
        .unwrap()
        .symmetrically_normalised();
    let ball = PoincareBall::new(6, -0.8).unwrap();
    let tangent = layer(&ball, &adjacency, Neighbours::Tangent);
    let matrix = dense(&adjacency, &|eye| {
        ball.log_at_origin(&tangent.forward_t(&ball.exp_at_origin(eye), true))
    });
    close(&matrix, &matrix.tr(), 1e-12);
    // Node 5 hears itself alone; 0 and 1 have 3 and 4 neighbours.
    assert!((matrix.double_value(&[5, 5]) - 1.0).abs() < 1e-12);
    assert!((matrix.double_value(&[0, 1]) - 1.0 / 12.0_f64.sqrt()).abs() < 1e-12);
    let rows = Adjacency::of_graph(&graph()).unwrap().normalised();
    let tangent = layer(&ball, &rows, Neighbours::Tangent);
    let equal = ball.exp_at_origin(&(Tensor::ones([6, 6], DOUBLE) * 0.1));
    close(&tangent.forward_t(&equal, true), &equal, 1e-14);
}

#[test]
fn attention_goes_to_the_near_ones() {
    let space = Lorentz::new(3, -1.0).unwrap();
    let adjacency = Adjacency::of_graph(&graph()).unwrap();
    let store = store(Kind::Double);
    let attention =
        GraphAggregation::new(store.root(), &space, &adjacency, Neighbours::Attention).unwrap();
    let x = space
        .exp_at_origin(&features(&[6, 3]))
        .set_requires_grad(true);
    let mut u = store.get("u").unwrap();
    // Without attention, and with all of it on the node itself.
    let _ = tch::no_grad(|| u.fill_(-60.0));
    let plain = layer(&space, &adjacency, Neighbours::Centroid).forward_t(&x, true);
    close(&attention.forward_t(&x, true), &plain, 1e-12);
    let _ = tch::no_grad(|| u.fill_(1e4));
    assert!(
        space
            .dist(&attention.forward_t(&x, true), &x)
            .max()
            .double_value(&[])
            < 1e-12
    );
    // Softmax over neighbours, by all pairs.
    let _ = tch::no_grad(|| u.fill_(0.3));
    let beta = 0.3_f64.exp().ln_1p();
    let d = space.dist(&x.unsqueeze(1), &x.unsqueeze(0)).square() * -beta;
    let mask = dense(&adjacency, &|eye| {
        let flat = PoincareBall::new(6, -1e-12).unwrap();
        let tangent = layer(&flat, &adjacency, Neighbours::Tangent);
        tangent.forward_t(eye, true).gt(0.5).to_kind(Kind::Double)
    });
    let weights = d.exp() * mask;
    let all = x.unsqueeze(0).expand([6, 6, 4], false);
    let expected = space.centroid(&all, &weights);
    let found = attention.forward_t(&x, true);
    assert!(space.dist(&found, &expected).max().double_value(&[]) < 1e-7);
    close(&found, &expected, 1e-12);
    // The gradient, against that of all pairs.
    let random = features(&[6, 4]);
    (&expected * &random).sum(Kind::Double).backward();
    let by_pairs = x.grad().copy();
    let mut gradient = x.grad();
    let _ = gradient.zero_();
    (found * random).sum(Kind::Double).backward();
    let along = |g: &Tensor| space.rgrad(&x.detach(), g);
    close(&along(&x.grad()), &along(&by_pairs), 1e-10);
    assert!(u.grad().isfinite().all().int64_value(&[]) == 1);
}

#[test]
fn isometries_and_permutations_commute_with_aggregation() {
    let ball = PoincareBall::new(3, -0.9).unwrap();
    let adjacency = Adjacency::of_graph(&graph()).unwrap();
    let x = ball.exp_at_origin(&(features(&[6, 3]) * 0.5));
    let a = Tensor::from_slice(&[0.3, -0.4, 0.1]);
    for how in [Neighbours::Centroid, Neighbours::Attention] {
        let layer = layer(&ball, &adjacency, how);
        let moved_after = ball.mobius_add(&a, &layer.forward_t(&x, true));
        let moved_before = layer.forward_t(&ball.mobius_add(&a, &x), true);
        close(&moved_after, &moved_before, 1e-13);
    }
    let order = [3_u32, 0, 5, 1, 4, 2];
    let edges: Vec<(u32, u32)> = graph()
        .edges()
        .iter()
        .flat_map(|&(a, b)| [(a, b), (b, a), (a, a), (b, b)])
        .chain([(5, 5)])
        .collect();
    let turned = edges
        .iter()
        .map(|&(a, b)| (order[a as usize], order[b as usize]))
        .collect::<Vec<_>>();
    let weights = vec![0.7; edges.len()];
    let plain = Adjacency::new(6, &edges, &weights).unwrap();
    let other = Adjacency::new(6, &turned, &weights).unwrap();
    let places = Tensor::from_slice(&order.map(i64::from));
    let shuffled = x.zeros_like().index_copy(0, &places, &x);
    let y = layer(&ball, &plain, Neighbours::Attention).forward_t(&x, true);
    let z = layer(&ball, &other, Neighbours::Attention).forward_t(&shuffled, true);
    close(&y, &z.index_select(0, &places), 1e-14);
}

#[test]
fn adjacencies_that_cannot_be_are_refused() {
    let refusal = |nodes, edges: &[(u32, u32)], weights: &[f64]| {
        Adjacency::new(nodes, edges, weights)
            .unwrap_err()
            .to_string()
    };
    assert!(refusal(2, &[(0, 0)], &[1.0]).contains("none for node 1"));
    assert!(refusal(2, &[(0, 0), (1, 0)], &[1.0, 0.0]).contains("none for node 1"));
    assert!(refusal(2, &[(0, 2)], &[1.0]).contains("nodes below 2"));
    assert!(refusal(1, &[(0, 0)], &[-1.0]).contains("finite weights"));
    assert!(refusal(1, &[(0, 0)], &[f64::NAN]).contains("finite weights"));
    assert!(refusal(1, &[(0, 0)], &[]).contains("1 weights"));
    assert!(refusal(0, &[], &[]).contains("a node at least"));
}

#[test]
#[should_panic(expected = "GraphAggregation::forward: expected points [6, 4], got [5, 4]")]
fn there_is_one_point_for_each_node() {
    let space = Lorentz::new(3, -1.0).unwrap();
    let adjacency = Adjacency::of_graph(&graph()).unwrap();
    let x = space.exp_at_origin(&features(&[5, 3]));
    let _ = layer(&space, &adjacency, Neighbours::Centroid).forward_t(&x, true);
}

#[test]
fn residuals_lie_between_their_points() {
    let space = Lorentz::new(3, -0.6).unwrap();
    let (x, y) = (
        space.exp_at_origin(&features(&[7, 3])),
        space.exp_at_origin(&(features(&[7, 3]) * -0.5 + 0.2)),
    );
    let one = Tensor::from(1.0);
    let middle = residual(&space, (&one, &x), (&one, &y));
    space.check_point(&middle).unwrap();
    close(&space.dist(&middle, &x), &space.dist(&middle, &y), 1e-12);
    let zero = Tensor::from(0.0);
    close(&residual(&space, (&one, &x), (&zero, &y)), &x, 1e-12);
    // (αx + βy)/(√c |αx + βy|), and the gradient of the weights.
    let alpha = Tensor::from(0.3).set_requires_grad(true);
    let found = residual(&space, (&alpha, &x), (&one, &y));
    let sum = &x * 0.3 + &y;
    let product = sum.select(-1, 0).square()
        - sum
            .narrow(-1, 1, 3)
            .square()
            .sum_dim_intlist(-1, false, Kind::Double);
    close(
        &found,
        &(&sum / (product * 0.6).sqrt().unsqueeze(-1)),
        1e-12,
    );
    found.sum(Kind::Double).backward();
    assert!(alpha.grad().double_value(&[]).abs() > 1e-3);
}

fn check_gradients<M: HyperbolicModel>(space: &M, u: &Tensor, v: &Tensor, adjacency: &Adjacency) {
    for how in [
        Neighbours::Centroid,
        Neighbours::Attention,
        Neighbours::Tangent,
    ] {
        let layer = layer(space, adjacency, how);
        let leaf = v.copy().set_requires_grad(true);
        let loss = |v: &Tensor| {
            let y = space.log_at_origin(&layer.forward_t(&space.exp_at_origin(v), true));
            (y * features(&[6, 2])).sum(Kind::Double)
        };
        let mut before = u.grad();
        if before.defined() {
            let _ = before.zero_();
        }
        loss(&leaf).backward();
        let gradient = leaf.grad();
        let value = |v: &Tensor| tch::no_grad(|| loss(v)).double_value(&[]);
        for node in 0..6 {
            for i in 0..2 {
                let step = Tensor::zeros([6, 2], DOUBLE);
                let _ = step.get(node).get(i).fill_(1e-5);
                let expected = (value(&(v + &step)) - value(&(v - &step))) / 2e-5;
                let got = gradient.double_value(&[node, i]);
                assert!(
                    (got - expected).abs() < 1e-8,
                    "{how:?} {node} {i}: {got} {expected}"
                );
            }
        }
        let at = |step: f64| {
            tch::no_grad(|| {
                let mut u = u.shallow_clone();
                let _ = u.g_add_scalar_(step);
                let loss = value(v);
                let _ = u.g_add_scalar_(-step);
                loss
            })
        };
        let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
        let got = u.grad().double_value(&[]);
        assert!(
            (got - expected).abs() < 1e-8,
            "{how:?} by κ: {got} {expected}"
        );
    }
}

/// Gradients by points, one of them at the origin and two opposite to each other, and by κ, against
/// differences.
#[test]
fn gradients_of_aggregation_are_those_of_differences() {
    // Node 0 hears the origin and another; node 1 two that cancel; node 2 all.
    let edges = [
        (0, 2),
        (0, 3),
        (1, 3),
        (1, 4),
        (2, 2),
        (2, 3),
        (2, 5),
        (3, 3),
        (4, 4),
        (5, 5),
    ];
    let weights = [1.0, 0.7, 1.0, 1.0, 0.5, 1.0, 2.0, 1.0, 1.0, 1.0];
    let adjacency = Adjacency::new(6, &edges, &weights).unwrap();
    let v = features(&[6, 2]) * 0.8;
    let _ = v.get(2).zero_();
    v.get(4).copy_(&-v.get(3));
    let store = store(Kind::Double);
    let p = store.root();
    let ball = PoincareBall::new(2, p.curvature("a", -0.9).unwrap()).unwrap();
    check_gradients(&ball, &store.get("a").unwrap(), &(&v * 0.5), &adjacency);
    let space = Lorentz::new(2, p.curvature("b", -0.9).unwrap()).unwrap();
    check_gradients(&space, &store.get("b").unwrap(), &v, &adjacency);
}

#[test]
fn weights_of_any_size_have_the_same_centroid() {
    let space = Lorentz::new(2, -1.0).unwrap();
    let x = space.exp_at_origin(&features(&[3, 2]));
    let of = |scale: f64| {
        let weights = [1.0, 2.0, 0.0, 1.0, 1.0].map(|w: f64| w * scale);
        let edges = [(0, 0), (0, 1), (0, 2), (1, 1), (2, 2)];
        let adjacency = Adjacency::new(3, &edges, &weights).unwrap();
        assert_eq!(adjacency.edges(), 4);
        layer(&space, &adjacency, Neighbours::Centroid).forward_t(&x, true)
    };
    close(&of(1e160), &of(1.0), 1e-14);
    close(&of(1e-170), &of(1.0), 1e-14);
    // Attention to a far neighbour alone, beside a self loop of weight 0.
    let far = space.exp_at_origin(&Tensor::from_slice2(&[[0.0, 0.0], [30.0, 0.0]]));
    let adjacency = Adjacency::new(2, &[(0, 0), (0, 1), (1, 1)], &[0.0, 1.0, 1.0]).unwrap();
    let y = layer(&space, &adjacency, Neighbours::Attention).forward_t(&far, true);
    assert!(space.dist(&y.get(0), &far.get(1)).double_value(&[]) < 1e-9);
}
