// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <utility>
#include <vector>

#include "fuzz.hpp"
#include <nlohmann/json.hpp>

#include <upset/io/tflite.hpp>

namespace {

/// Zeros for each constant that the graph in `text` lists, unless they are many.
std::vector<upset::NamedArray> constants_of(const std::string& text) {
  std::vector<upset::NamedArray> arrays;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_object() && json.contains("tensors") && json["tensors"].is_array()) {
    for (const auto& tensor : json["tensors"]) {
      upset::Shape shape;
      if (tensor.is_object() && tensor.contains("shape") && tensor["shape"].is_array()) {
        for (const auto& extent : tensor["shape"]) {
          const bool is_small = extent.is_number_unsigned() && extent <= 16U;
          shape.push_back(is_small && shape.rank() < 4 ? extent.get<std::size_t>() : 1);
        }
      }
      std::vector<std::int8_t> zeros(shape.size());
      arrays.push_back({"t" + std::to_string(arrays.size()), {shape, std::move(zeros)}});
    }
  }
  return arrays;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return upset::test::fuzz(data, size, [](auto bytes) {
    const std::string text(bytes.begin(), bytes.end());
    (void)upset::network_of(upset::parse_tflite_graph(text, constants_of(text), "x"));
  });
}
