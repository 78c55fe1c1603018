"""Cases that follow from a matrix: ids, order, include, exclude, activation types, siblings."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

from bench.core.recipe import Calibration, Recipe, Training
from bench.core.suite import RenderedData

HEAD = "name: s\nmodel: builtin\n"
YOLO = "detector: {family: yolov8, input: {size: 64}}"


def ids(suite) -> list[str]:  # type: ignore[no-untyped-def]
    return [case.id for case in suite.cases]


def siblings(suite) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {case.id: case.sibling for case in suite.cases}


def test_the_smallest_suite_has_all_precisions_under_litert_with_one_thread(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(HEAD)
    assert ids(suite) == [f"builtin/{p}/litert/t1@local" for p in ("fp32", "fp16", "dynamic", "int8", "qat")]
    assert suite.data == RenderedData(400, 200, 2000, 0)
    assert suite.hosts == ("local",) and suite.text == HEAD and suite.path == "s.yaml"


def test_cases_stand_in_the_order_of_the_file_and_aliases_name_the_same_runtime(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(
        HEAD + "hosts: [b, a]\nmatrix: {precision: [int8, fp32], runtime: [ort, tflite], threads: 4}\n"
    )
    assert ids(suite) == [
        f"builtin/{precision}/{runtime}/t4@{host}"
        for precision in ("int8", "fp32")
        for runtime in ("onnxruntime", "litert")
        for host in ("b", "a")
    ]


def test_two_spellings_of_one_runtime_are_a_repetition(errors) -> None:  # type: ignore[no-untyped-def]
    assert errors(HEAD + "matrix: {runtime: [litert, tflite]}\n") == [
        "s.yaml:3 matrix.runtime[1]: got 'tflite' a second time, expected it once: remove one"
    ]


def test_exclude_leaves_out_what_fits_every_key_of_a_row(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(
        HEAD
        + "matrix: {precision: [fp32, int8], threads: [1, 2, 4], exclude: [{precision: int8, threads: [2, 4]}]}\n"
    )
    assert ids(suite) == [
        "builtin/fp32/litert/t1@local",
        "builtin/fp32/litert/t2@local",
        "builtin/fp32/litert/t4@local",
        "builtin/int8/litert/t1@local",
    ]


def test_include_adds_behind_exclude_and_takes_absent_axes_from_the_matrix(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(
        HEAD
        + "matrix: {precision: fp32, threads: [1, 2], exclude: [{threads: 2}], include: [{precision: fp16}]}\n"
    )
    assert ids(suite) == [
        "builtin/fp32/litert/t1@local",
        "builtin/fp16/litert/t1@local",
        "builtin/fp16/litert/t2@local",
    ]


def test_activation_types_multiply_integer_onnx_cases_alone(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(HEAD + "matrix: {precision: [fp32, int8], runtime: [litert, onnx], activations: [u8, s8]}\n")
    assert ids(suite) == [
        "builtin/fp32/litert/t1@local",
        "builtin/fp32/onnxruntime/t1@local",
        "builtin/int8/litert/t1@local",
        "builtin/int8/onnxruntime/t1@local",
        "builtin/int8-s8/onnxruntime/t1@local",
    ]
    assert [case.recipe.activations for case in suite.cases[3:]] == ["uint8", "int8"]


def test_a_case_keeps_its_id_when_an_activation_axis_is_added(load) -> None:  # type: ignore[no-untyped-def]
    matrix = "matrix: {precision: int8, runtime: onnx, activations: [s8, u8]}\n"
    recipes = "recipes: {int8: {activations: s8}}\n"
    assert ids(load(HEAD + recipes + matrix)) == [
        "builtin/int8/onnxruntime/t1@local",
        "builtin/int8-u8/onnxruntime/t1@local",
    ]


def test_an_exclude_may_name_an_activation_type_or_what_it_made(load) -> None:  # type: ignore[no-untyped-def]
    for row in ("{activations: s8}", "{precision: int8-s8}"):
        matrix = f"{{precision: int8, runtime: [litert, onnx], activations: [u8, s8], exclude: [{row}]}}"
        assert ids(load(HEAD + f"matrix: {matrix}\n")) == [
            "builtin/int8/litert/t1@local",
            "builtin/int8/onnxruntime/t1@local",
        ]
    matrix = "{precision: [fp32, int8], runtime: onnx, activations: [u8, s8], exclude: [{precision: int8}]}"
    assert ids(load(HEAD + f"matrix: {matrix}\n")) == ["builtin/fp32/onnxruntime/t1@local"]


def test_recipes_override_precisions_and_name_variants(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(
        HEAD
        + """
        recipes:
          int8: {io: float32, granularity: per-tensor}
          noisy: {precision: int8, calibration: {source: noise, images: 7, method: entropy}}
          qat: {training: {labels: true, steps: 9, learning_rate: 1e-4}}
        matrix: {precision: [int8, noisy, qat]}
        """.replace("\n        ", "\n")
    )
    int8, noisy, qat = (case.recipe for case in suite.cases)
    assert int8 == Recipe("int8", "int8", io="float32", granularity="per_tensor")
    assert noisy == Recipe("noisy", "int8", calibration=Calibration("entropy", 7, "noise"))
    assert qat == Recipe("qat", "qat", training=Training(labels=True, steps=9, learning_rate=1e-4))


def test_a_variant_is_compared_with_the_float_case_of_its_runtime_threads_and_host(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(HEAD + "matrix: {precision: [int8, fp32], runtime: [litert, onnx], threads: [1, 2]}\n")
    for case, sibling in siblings(suite).items():
        assert sibling == ("" if "/fp32/" in case else case.replace("/int8/", "/fp32/"))


def test_without_a_float_case_in_its_runtime_a_variant_has_no_sibling(load) -> None:  # type: ignore[no-untyped-def]
    matrix = "{precision: [fp32, int8], runtime: [litert, onnx], exclude: [{precision: fp32, runtime: onnx}]}"
    assert siblings(load(HEAD + f"matrix: {matrix}\n"))["builtin/int8/onnxruntime/t1@local"] == ""


def test_given_files_take_precision_and_runtime_from_themselves(load) -> None:  # type: ignore[no-untyped-def]
    for name in ("a.tflite", "b.tflite", "c.onnx"):
        Path(name).write_bytes(b"")
    suite = load(
        f"""
        name: s
        models:
          - {{tflite: a.tflite, precision: fp32, group: net, {YOLO}}}
          - {{file: b.tflite, precision: int8, group: net, {YOLO}}}
          - {{onnx: c.onnx, precision: int8, group: net, name: c2, {YOLO}}}
        data: rendered
        matrix: {{precision: [fp16], runtime: [onnx], threads: [1, 4]}}
        """
    )
    assert siblings(suite) == {
        "a/fp32/litert/t1@local": "",
        "a/fp32/litert/t4@local": "",
        "b/int8/litert/t1@local": "a/fp32/litert/t1@local",
        "b/int8/litert/t4@local": "a/fp32/litert/t4@local",
        "c2/int8/onnxruntime/t1@local": "",
        "c2/int8/onnxruntime/t4@local": "",
    }
    assert all(case.recipe is None for case in suite.cases)
    assert suite.model("a").path == str(Path.cwd() / "a.tflite")
    # YOLO exports to TFLite emit fractions, those to ONNX pixels in NCHW.
    assert suite.model("a").description.decode.options == {"normalized": True}
    assert suite.model("c2").description.decode.options == {"normalized": False}
    assert suite.model("c2").description.preprocess.layout == "nchw"


def test_a_model_prefers_its_own_float_case_to_another_of_its_group(load) -> None:  # type: ignore[no-untyped-def]
    models = "[{builtin: true, name: a, group: g}, {builtin: true, name: b, group: g}]"
    suite = load(f"name: s\nmodels: {models}\nmatrix: {{precision: [int8, fp32]}}\n")
    assert siblings(suite)["b/int8/litert/t1@local"] == "b/fp32/litert/t1@local"


def test_label_training_without_loss_or_labels_is_unavailable_and_the_rest_goes_on(load) -> None:  # type: ignore[no-untyped-def]
    Path("m.keras").write_bytes(b"")
    Path("a.json").write_text("{}")
    qat = "recipes: {qat: {training: {labels: true}}}\nmatrix: {precision: [fp32, qat]}\n"
    own = f"name: s\nmodel: {{keras: m.keras, {YOLO}}}\ndata: rendered\n"
    coco = "data: {coco: {images: ., annotations: a.json}, calibration: {images: .}}\n"
    assert [case.unavailable for case in load(own + qat).cases] == [
        "",
        "QAT with labels needs the model's loss, which only the built-in model brings",
    ]
    assert [case.unavailable for case in load(HEAD + coco + qat).cases] == [
        "",
        "QAT with labels needs annotated training images, which only rendered data has",
    ]


def test_quantities_are_read_to_base_units(load) -> None:  # type: ignore[no-untyped-def]
    measure = load(
        HEAD
        + "measure: {budget: 20m, timeout: 90s, warmup_time: 500 ms, memory_limit: 2GiB, calls: 30, level: 0.99}\n"
    ).measure
    assert (measure.budget_seconds, measure.timeout_seconds, measure.warmup_seconds) == (1200.0, 90.0, 0.5)
    assert (measure.memory_limit_bytes, measure.calls, measure.min_calls, measure.level) == (
        2**31,
        30,
        30,
        0.99,
    )


def test_gate_rules_are_kept_as_written_under_the_metrics_own_names(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(
        HEAD
        + "gate: {map_50_95: {max_drop: 0.005}, latency_p50: {max_increase: 2%}, peak_memory: {max_increase: 2 MiB}}\n"
    )
    assert suite.gate == {
        "map_50_95": {"max_drop": 0.005},
        "latency_p50_ns": {"max_increase": "2%"},
        "peak_rss_bytes": {"max_increase": "2 MiB"},
    }
