//! The components of a space, between which distances are infinite.

use petgraph::unionfind::UnionFind;
use tch::{Device, Kind, Tensor};

use crate::numerics::rows::measure_rows;
use crate::numerics::wide::similarity::count_below;

/// The points of each component, `[m]`, in the order of their first points.
///
/// A component is what steps of finite length connect.
pub(in crate::magnitude) fn components(distances: &Tensor) -> Vec<Tensor> {
    let n = distances.size()[0];
    let finite = measure_rows([distances], |_, [row]| count_below(f64::INFINITY, row));
    if finite.iter().all(|&count| count == n as usize) {
        return all_in_one(distances);
    }
    connected(distances)
}

/// The points of a space without infinite distances.
pub(in crate::magnitude) fn all_in_one(distances: &Tensor) -> Vec<Tensor> {
    match distances.size()[0] {
        0 => Vec::new(),
        n => vec![Tensor::arange(n, (Kind::Int64, distances.device()))],
    }
}

/// [`components`] of a space with infinite distances.
pub(in crate::magnitude) fn connected(distances: &Tensor) -> Vec<Tensor> {
    let n = distances.size()[0];
    let finite = distances.isfinite().to_device(Device::Cpu);
    let mut joined = UnionFind::<usize>::new(n as usize);
    for x in 0..n {
        let near = finite.get(x).narrow(0, 0, x).nonzero().view(-1);
        for y in to_indices(&near) {
            joined.union(x as usize, y as usize);
        }
    }
    let mut members: Vec<Vec<i64>> = Vec::new();
    let mut component_of = vec![None; n as usize];
    for x in 0..n {
        let root = joined.find(x as usize);
        let component = *component_of[root].get_or_insert_with(|| {
            members.push(Vec::new());
            members.len() - 1
        });
        members[component].push(x);
    }
    members
        .iter()
        .map(|points| Tensor::from_slice(points).to_device(distances.device()))
        .collect()
}

/// The rows and columns of some points, in order.
pub(in crate::magnitude) fn among(distances: &Tensor, points: &Tensor) -> Tensor {
    if points.size()[0] == distances.size()[0] {
        return distances.shallow_clone();
    }
    distances.index_select(0, points).index_select(1, points)
}

fn to_indices(places: &Tensor) -> Vec<i64> {
    let places = places.to_device(Device::Cpu).contiguous();
    let mut indices = vec![0; places.numel()];
    places.copy_data(&mut indices, places.numel());
    indices
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn components_are_what_finite_steps_connect() {
        let n = 6;
        let d = Tensor::full([n, n], f64::INFINITY, (Kind::Double, Device::Cpu));
        let _ = d.shallow_clone().fill_diagonal_(0.0, false);
        assert_eq!(components(&d).len(), 6);
        // 1 and 4 meet through 2 alone.
        for (x, y) in [(1_i64, 2_i64), (2, 4), (0, 5)] {
            let _ = d.get(x).get(y).fill_(1.0);
            let _ = d.get(y).get(x).fill_(1.0);
        }
        let found: Vec<Vec<i64>> = components(&d).iter().map(to_indices).collect();
        assert_eq!(found, [vec![0, 5], vec![1, 2, 4], vec![3]]);
        let points = Tensor::from_slice(&[1_i64, 2, 4]);
        assert_eq!(among(&d, &points).double_value(&[1, 2]), 1.0);
        let all = components(&Tensor::zeros([3, 3], (Kind::Double, Device::Cpu)));
        assert_eq!((all.len(), to_indices(&all[0])), (1, vec![0, 1, 2]));
    }
}
