// SPDX-License-Identifier: BSL-1.0
#include "common/network_file.hpp"

#include <vector>

#include <upset/core/error.hpp>
#include <upset/io/cmsis_nn.hpp>
#include <upset/io/cnv.hpp>
#include <upset/io/onnx.hpp>
#include <upset/io/tflite.hpp>

using namespace upset;

namespace {

/// What `make` makes of the arrays in a file, which is named where they do not fit.
template <class Make>
Network from_arrays(const std::filesystem::path& weights, Make make) {
  const std::vector<NamedArray> arrays = load_npz(weights);
  try {
    return make(arrays);
  } catch (const Error& error) {
    throw Error(weights.string() + ": " + error.what());
  }
}

}  // namespace

bool is_network_file(const std::filesystem::path& network) {
  return network.extension() == ".onnx" || network.extension() == ".json";
}

std::optional<Network> network_file(const std::filesystem::path& network,
                                    const std::filesystem::path& weights) {
  if (network.extension() == ".onnx") {
    return load_onnx(network);
  }
  if (network.extension() == ".json") {
    return load_tflite(network);
  }
  if (network == "cnv") {
    return from_arrays(weights, [](const auto& arrays) { return cnv_w1a1(arrays); });
  }
  if (network == "cmsis_nn_q7") {
    return from_arrays(weights, [](const auto& arrays) { return cmsis_nn_q7(arrays); });
  }
  if (network == "cmsis_nn") {
    const Tensor mean = to_tensor(load_npy(weights.parent_path() / "train_mean_image.npy"));
    return from_arrays(weights, [&](const auto& arrays) { return cmsis_nn(arrays, mean); });
  }
  return std::nullopt;
}
