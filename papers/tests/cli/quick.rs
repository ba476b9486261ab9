//! Quick runs of single papers.

use super::*;

#[test]
fn a_quick_run_of_the_optimisers_judges_every_claim() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("runs/becigneul2019");
    let run = |out: &Path, threads: &str| {
        let arguments = ["run", "becigneul2019", "--quick", "--threads", threads];
        succeed(&[&arguments[..], &["--out", path(out)]].concat())
    };
    let table = run(&out, "2");
    assert!(table.contains("1182 nodes, 6542 pairs"), "{table}");
    assert!(table.contains("RADAM, retraction") && table.contains("A quick run"));

    let first = report(&out);
    assert_eq!(first["key"], "becigneul2019");
    assert_eq!(first["interrupted"], Value::Bool(false));
    assert_eq!(first["runs"].as_array().unwrap().len(), 4 * 2 * 2);
    assert_eq!(first["best"].as_array().unwrap().len(), 4 * 2);
    assert_eq!(first["claims"].as_array().unwrap().len(), 13);
    for claim in first["checked"].as_array().unwrap() {
        // One seed decides nothing.
        assert_eq!(claim["verdict"], "within_seed_noise", "{claim}");
    }
    for metric in ["exp_radam_loss", "retraction_rsgd_held_out_map"] {
        assert!(first["metrics"][metric].as_f64().unwrap() > 0.0, "{metric}");
    }
    let files = first["files"].as_array().unwrap();
    assert_eq!(files.len(), 2 * 4 * 2);
    for file in files {
        let bytes = std::fs::read(out.join(file.as_str().unwrap())).unwrap();
        assert!(bytes.starts_with(b"<svg") || bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    }

    let again = folder.path().join("again");
    run(&again, "1");
    assert_eq!(report(&again)["runs"], first["runs"]);

    let results = folder.path().join("RESULTS.md");
    let from = folder.path().join("runs");
    succeed(&["report", "--from", path(&from), "--to", path(&results)]);
    let text = std::fs::read_to_string(&results).unwrap();
    assert!(text.contains("## becigneul2019"), "{text}");
}

#[test]
fn a_quick_run_of_the_flag_averages_reports_all_studies() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, seed: &str| {
        let out = folder.path().join(name);
        let arguments = ["run", "mankovich2023", "--quick", "--seed", seed];
        let table = succeed(&[&arguments[..], &["--out", path(&out)]].concat());
        assert!(table.contains("A quick run"), "{table}");
        report(&out)
    };
    let first = run("first", "1");
    assert_eq!(first["key"], "mankovich2023");
    assert_eq!(first["claims"].as_array().unwrap().len(), 3);
    assert_eq!(first["outliers"].as_array().unwrap().len(), 20);
    assert_eq!(first["averaging"].as_array().unwrap().len(), 2);
    for study in first["convergence"].as_array().unwrap() {
        assert!(study["reformulation_error"].as_f64().unwrap() < 1e-13);
        for method in study["methods"].as_array().unwrap() {
            assert_eq!(method["success"], 1.0, "{method}");
        }
    }
    let metric = |report: &Value, name: &str| report["metrics"][name].as_f64().unwrap();
    assert!((1.7e-4..2.4e-4).contains(&metric(&first, "mean_cost")));
    assert!(metric(&first, "median_19_outliers") < 0.1 * metric(&first, "mean_19_outliers"));
    for file in first["files"].as_array().unwrap() {
        let bytes =
            std::fs::read(folder.path().join("first").join(file.as_str().unwrap())).unwrap();
        assert!(bytes.starts_with(b"<svg") || bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    }
    let (again, other) = (run("again", "1"), run("other", "2"));
    assert_eq!(again["convergence"], first["convergence"]);
    assert_ne!(other["convergence"], first["convergence"]);
}

#[test]
fn a_quick_run_of_the_trees_measures_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("first");
    let table = succeed(&["run", "sala2018", "--quick", "--out", path(&out)]);
    assert!(
        table.contains("balanced tree, 40 nodes") && table.contains("WordNet 3.0 nouns"),
        "{table}"
    );
    let first = report(&out);
    let of = |data: &str, tree: &str, epsilon: f64| {
        let rows = first["embeddings"].as_array().unwrap();
        let fits = |row: &&Value| {
            row["data"].as_str().unwrap().contains(data)
                && row["spanning"].as_str().unwrap().contains(tree)
                && row["epsilon"] == epsilon
        };
        rows.iter().find(fits).unwrap().clone()
    };
    let balanced = of("balanced", "", 0.2);
    assert_eq!(
        (&balanced["map"], &balanced["fits_f64"]),
        (&Value::from(1.0), &Value::Bool(true))
    );
    let nouns = of("nouns", "between", 0.1);
    assert!(nouns["map"].as_f64().unwrap() > 0.9, "{nouns}");
    assert!(
        nouns["tree"]["worst_case"].as_f64().unwrap() <= 1.1,
        "{nouns}"
    );
    let check = first["checks"][0]["worst_relative_difference"]
        .as_f64()
        .unwrap();
    assert!(check < 1e-13, "{check:e}");
    assert_eq!(first["files"].as_array().unwrap().len(), 4);

    let edges = hierarchy(folder.path());
    let own = folder.path().join("own");
    let arguments = ["run", "sala2018", "--edges", path(&edges), "--quick"];
    succeed(&[&arguments[..], &["--out", path(&own)]].concat());
    let own = report(&own);
    assert_eq!(own["claims"], serde_json::json!([]));
    assert_eq!(own["embeddings"][0]["map"], 1.0);
}

#[test]
fn a_quick_run_of_the_images_reports_all_studies() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("all");
    let table = succeed(&["run", "adamer2021", "--quick", "--out", path(&out)]);
    assert!(table.contains("A quick run"), "{table}");
    let first = report(&out);
    assert_eq!(first["key"], "adamer2021");
    assert_eq!(first["claims"].as_array().unwrap().len(), 4);
    let metric = |name: &str| first["metrics"][name].as_f64().unwrap();
    assert!(metric("ap_magnitude_l1_1_noise_0") > 0.95);
    assert!(metric("ap_magnitude_l2_2_noise_0.2") < metric("ap_magnitude_l2_2_blur_noise_0.2"));
    let error = |halo: u32| metric(&format!("patch_camera_l1_t1_8_halo_{halo}_worst"));
    assert!(error(4) < error(2) && error(2) < error(0) && error(4) < 0.01);
    for file in first["files"].as_array().unwrap() {
        let bytes = std::fs::read(out.join(file.as_str().unwrap())).unwrap();
        assert!(bytes.starts_with(b"<svg") || bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    }

    let own = folder.path().join("own");
    let image = out.join("shapes.png");
    let arguments = ["run", "adamer2021", "--image", path(&image)];
    succeed(&[&arguments[..], &["--out", path(&own)]].concat());
    let own = report(&own);
    assert_eq!(own["claims"], serde_json::json!([]));
    assert_eq!(own["files"], serde_json::json!(["edges.png"]));
    let edges = hierarchy(folder.path());
    let message = fail(1, &["run", "adamer2021", "--image", path(&edges)]);
    assert!(message.contains("tree.csv"), "{message}");
}

#[test]
fn a_quick_run_of_the_hulls_keeps_to_its_thresholds() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = |threads: &str| {
        let out = folder.path().join(threads);
        let arguments = ["run", "fung2019", "--quick", "--threads", threads, "--out"];
        let table = succeed(&[&arguments[..], &[path(&out)]].concat());
        assert!(table.contains("sphere, 3, 99 %"), "{table}");
        assert!(out.join("points-ball-least-loss.png").is_file());
        report(&out)["metrics"].clone()
    };
    let found = metrics("1");
    let metric = |name: &str| found[name].as_f64().unwrap();
    assert!(metric("least_magnitude_margin") >= 0.0);
    assert!(metric("ball_2_weight_found") > 2.0 * metric("ball_2_random_found"));
    assert_eq!(metric("sphere_3_random_found"), 1.0);
    assert_eq!(metric("cube_2_true_vertices_lost_with_1"), 0.0);
    assert_eq!(metrics("2"), found);
    let message = fail(2, &["run", "fung2019", "--points", "5"]);
    assert!(message.contains("10..=10000"), "{message}");
}

#[test]
fn the_optimisers_arguments_are_checked() {
    for (option, value, allowed) in [
        ("--rates", "0.1,-1", "a finite number above 0"),
        ("--rates", "0.1,inf", "a finite number above 0"),
        ("--seeds", "1,x", "a whole number from 0"),
        ("--epochs", "0", "1..="),
        ("--batch", "0", "1..="),
        ("--dataset", "birds", "mammals, nouns"),
    ] {
        let message = fail(2, &["run", "becigneul2019", option, value]);
        assert!(
            message.contains(allowed),
            "{allowed:?} is not in: {message}"
        );
    }
}
