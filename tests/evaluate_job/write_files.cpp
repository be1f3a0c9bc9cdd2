// SPDX-License-Identifier: BSL-1.0
// write_files DIR: small networks in 8-bit codes and in floats, pictures with labels and with
// masks.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <onnx/defs/parser.h>

#include <upset/io/bytes.hpp>
#include <upset/io/onnx.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/model/resnet8.hpp>
#include <upset/train/initialize.hpp>

using namespace upset;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& text) {
  detail::write_bytes(path, std::vector<std::uint8_t>(text.begin(), text.end()));
}

// Pixels of 4 x 4: class 1 where green is largest, else 0 (red) or 2 (blue).
constexpr const char* pixel_classes = "0011001122112210";

void write_pictures(const fs::path& folder) {
  std::string pixels = "P6 4 4 255\n";
  std::string mask = "P5 4 4 255\n";
  for (int pixel = 0; pixel < 16; ++pixel) {
    for (char channel = '0'; channel < '3'; ++channel) {
      pixels += channel == pixel_classes[pixel] ? '\x7F' : '\x10';
    }
    mask += static_cast<char>(pixel_classes[pixel] - '0');
  }
  write(folder / "a.ppm", pixels);
  write(folder / "a.pgm", mask);
  write(folder / "labels.tsv", "file\tlabel\na.ppm\t1\na.ppm\t1\n");
  write(folder / "masks.txt", "a.ppm a.pgm\na.ppm a.pgm\n");
  write(folder / "second_lacks" / "first.ppm", pixels);
  write(folder / "second_lacks" / "labels.tsv", "file\tlabel\nfirst.ppm\t1\nsecond.ppm\t1\n");
}

// A 1x1 convolution whose outputs are its inputs: for each pixel the scores of its class.
void write_segmentation(const fs::path& folder) {
  write(folder / "areas.json", R"({"inputs": [0], "outputs": [3], "tensors": [
 {"name": "x", "shape": [1,4,4,3], "type": "uint8", "scale": [1.0], "zero_point": [0]},
 {"name": "w", "shape": [3,1,1,3], "type": "int8", "scale": [0.5], "zero_point": [0], "const": true},
 {"name": "b", "shape": [3], "type": "int32", "scale": [0.5], "zero_point": [0], "const": true},
 {"name": "y", "shape": [1,4,4,3], "type": "uint8", "scale": [1.0], "zero_point": [0]}],
 "operators": [
 {"op": "CONV_2D", "inputs": [0,1,2], "outputs": [3], "padding": "SAME", "stride": [1,1], "act": null}]})");
  save_npz(folder / "areas.npz",
           std::vector<NamedArray>{
               {"t1", {{3, 1, 1, 3}, std::vector<std::int8_t>{2, 0, 0, 0, 2, 0, 0, 0, 2}}},
               {"t2", {{3}, std::vector<std::int32_t>{0, 0, 0}}}});
}

void write_onnx(const fs::path& folder) {
  onnx::ModelProto model;
  const auto status = onnx::OnnxParser::Parse(model, R"(
<ir_version: 7, opset_import: ["" : 13]>
codes (float[N, 3, 4, 4] x) => (float[N, 2] y) {
  one = Constant <value = float {1.0}> ()
  zero = Constant <value = uint8 {0}> ()
  step = Constant <value = float {0.5}> ()
  middle = Constant <value = int8 {0}> ()
  weight = Constant <value = int8[2, 3, 1, 1] {2, -2, 4, -6, 8, 10}> ()
  bias = Constant <value = int32[2] {-20, 40}> ()
  codes = QuantizeLinear (x, one, zero)
  sums = QLinearConv (codes, one, zero, weight, step, middle, one, zero, bias)
  reals = DequantizeLinear (sums, one, zero)
  means = GlobalAveragePool (reals)
  y = Flatten (means)
})");
  if (!status.IsOK()) {
    throw Error(status.ErrorMessage());
  }
  write(folder / "codes.onnx", model.SerializeAsString());
}

// A file that takes every picture for class 0, weights for it that take it for class 1, and weights
// of a network with ten classes.
void write_floats(const fs::path& folder) {
  Network net({4, 4, 3});
  net.add("conv", Conv2d<>(WindowGeometry::square(1), Tensor({2, 1, 1, 3}), Tensor({2}, {1, 0})));
  net.add("mean", GlobalAveragePool{});
  save_onnx(net, folder / "floats.onnx");
  net.layer(0) = Conv2d<>(WindowGeometry::square(1), Tensor({2, 1, 1, 3}), Tensor({2}, {0, 1}));
  save_weights(net, folder / "floats.npz");
  Network ten = resnet8({8, 8, 3}, 10);
  initialize(ten, 1);
  save_weights(ten, folder / "resnet8.npz");
}

// Folders for the study of parity: ResNet-8, or what is called so, and pictures of CIFAR-10's size.
void write_study(const fs::path& folder, float weight, char pixel) {
  fs::create_directories(folder / "resnet8");
  fs::create_directories(folder / "cifar10");
  Tensor kernel({10, 1, 1, 3});
  std::ranges::fill(kernel.values(), weight);
  Network net({32, 32, 3});
  net.add("conv", Conv2d<>(WindowGeometry::square(1), kernel, Tensor({10})));
  net.add("mean", GlobalAveragePool{});
  save_onnx(net, folder / "resnet8" / "resnet8.onnx");
  std::string pictures;
  for (int picture = 0; picture < 132; ++picture) {
    pictures += static_cast<char>(picture % 10) + std::string(3072, pixel);
  }
  write(folder / "cifar10" / "test_batch.bin", pictures);
}

}  // namespace

int main(int /*argc*/, char** argv) {
  const fs::path folder = argv[1];
  fs::create_directories(folder / "second_lacks");
  write_pictures(folder);
  write_segmentation(folder);
  write_onnx(folder);
  write_floats(folder);
  write_study(folder / "study", 0.5F, 1);
  write_study(folder / "study_of_other_weights", 0.25F, 1);
  write_study(folder / "study_of_other_pictures", 0.5F, 2);
}
