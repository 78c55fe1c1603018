"""Small model files that end as real ones do; what they give is told when they are made."""

import numpy as np

# TFLite_Detection_PostProcess as the converter of the TensorFlow Object Detection API writes it.
OPERATOR = "TFLite_Detection_PostProcess"
SETTINGS = {
    "max_detections": 10, "max_classes_per_detection": 1, "detections_per_class": 100,
    "use_regular_nms": False, "nms_score_threshold": 1e-8, "nms_iou_threshold": 0.6, "num_classes": 3,
    "y_scale": 10.0, "x_scale": 10.0, "h_scale": 5.0, "w_scale": 5.0,
}  # fmt: skip


def tflite_with_postprocess(path, encoded, scores, anchors, size):
    """Write a .tflite file whose one operator makes detections of these heads.

    Args:
        encoded: (1, anchors, 4) float32.
        scores: (1, anchors, 1 + classes) float32.
        anchors: (anchors, 4) float32, fractions of the input.
        size: (height, width) of the input.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import flexbuffers

    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, graph.tensors = 3, [schema.BufferT()], []

    def tensor(name, shape, values=None):
        told = schema.TensorT()
        told.name, told.shape, told.type, told.buffer = name, list(shape), schema.TensorType.FLOAT32, 0
        if values is not None:
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = np.frombuffer(values.astype(np.float32).tobytes(), np.uint8)
            told.buffer = len(model.buffers) - 1
        graph.tensors.append(told)
        return len(graph.tensors) - 1

    code, operator = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode, code.version = OPERATOR, 1
    graph.inputs = [tensor("image", (1, *size, 3))]
    heads = {"encoded": encoded, "scores": scores, "anchors": anchors}
    operator.inputs = [tensor(name, values.shape, values) for name, values in heads.items()]
    # The converter declares no shapes for these.
    operator.outputs = [tensor(OPERATOR + (f":{i}" if i else ""), ()) for i in range(4)]
    operator.customOptions = np.frombuffer(bytes(flexbuffers.Dumps(SETTINGS)), np.uint8)
    operator.opcodeIndex = 0
    graph.outputs, graph.operators = operator.outputs, [operator]
    model.operatorCodes, model.subgraphs = [code], [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))


def onnx_with_outputs(path, outputs, input_shape, operators=()):
    """Write an .onnx file that gives these arrays, by name and in their order, whatever the photo.

    Args:
        operators: Further operators (of one input) that stand in the graph and lead nowhere.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, input_shape)]
    constants = [numpy_helper.from_array(array, f"{name}/held") for name, array in outputs.items()]
    nodes = [helper.make_node("Identity", [f"{name}/held"], [name]) for name in outputs]
    nodes += [helper.make_node(op, ["image"], [f"{op}/{i}"]) for i, op in enumerate(operators)]
    values = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in outputs.items()
    ]
    graph = helper.make_graph(nodes, "small", inputs, values, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def onnx_with_suppression(path, boxes, scores, iou_threshold, score_threshold, input_shape):
    """Write an .onnx file that ends in NonMaxSuppression and gives its indices, its boxes and its scores.

    Args:
        boxes: (1, n, 4) float32 y1, x1, y2, x2.
        scores: (1, classes, n) float32.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    settings = {
        "most": np.array([10**6], np.int64),
        "iou": np.array([iou_threshold], np.float32),
        "least": np.array([score_threshold], np.float32),
    }
    held = {"held/boxes": boxes, "held/scores": scores, **settings}
    constants = [numpy_helper.from_array(array, name) for name, array in held.items()]
    nodes = [
        helper.make_node("NonMaxSuppression", [*held], ["selected_indices"]),
        helper.make_node("Identity", ["held/boxes"], ["boxes"]),
        helper.make_node("Identity", ["held/scores"], ["scores"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, input_shape)
    values = [
        helper.make_tensor_value_info("selected_indices", TensorProto.INT64, ["selected", 3]),
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, boxes.shape),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, scores.shape),
    ]
    graph = helper.make_graph(nodes, "suppressing", [image], values, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
