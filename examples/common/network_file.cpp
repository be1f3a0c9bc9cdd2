// SPDX-License-Identifier: BSL-1.0
#include "common/network_file.hpp"

#include <upset/io/cmsis_nn.hpp>
#include <upset/io/cnv.hpp>
#include <upset/io/onnx.hpp>
#include <upset/io/tflite.hpp>

using namespace upset;

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
    return cnv_w1a1(load_npz(weights));
  }
  if (network == "cmsis_nn_q7") {
    return cmsis_nn_q7(load_npz(weights));
  }
  if (network == "cmsis_nn") {
    const std::filesystem::path mean = weights.parent_path() / "train_mean_image.npy";
    return cmsis_nn(load_npz(weights), to_tensor(load_npy(mean)));
  }
  return std::nullopt;
}
