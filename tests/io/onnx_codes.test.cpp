// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_folding.hpp>

using namespace upset;
using namespace upset::test;

namespace {

/// The input or output of one of ONNX's own tests.
Array tensor_of_test(const std::string& test, const std::string& name) {
  const std::string path =
      std::string(UPSET_ONNX_TESTS) + "/node/" + test + "/test_data_set_0/" + name + ".pb";
  return detail::onnx_array(detail::parse_proto<onnx::TensorProto>(detail::read_bytes(path), path));
}

}  // namespace

TEST_CASE("ONNX: constants are put on grids along an axis and taken off as ONNX's tests say") {
  if (!std::filesystem::is_directory(std::string(UPSET_ONNX_TESTS) + "/node")) {
    MESSAGE("skipped: install libonnx-testdata");
    return;
  }
  const std::pair<const char*, detail::OnnxFold> cases[] = {
      {"test_quantizelinear_axis", detail::fold_quantize_linear},
      {"test_quantizelinear", detail::fold_quantize_linear},
      {"test_dequantizelinear_axis", detail::fold_dequantize_linear},
      {"test_dequantizelinear", detail::fold_dequantize_linear}};
  for (const auto& subject : cases) {
    const std::string test = subject.first;
    CAPTURE(test);
    const Array x = tensor_of_test(test, "input_0");
    const Array scale = tensor_of_test(test, "input_1");
    const Array zero = tensor_of_test(test, "input_2");
    CHECK(subject.second({}, {&x, &scale, &zero}) == tensor_of_test(test, "output_0"));
  }
}

TEST_CASE("ONNX: biases of 32 bits are taken times their scales without loss") {
  const Array bias{{2}, std::vector<std::int32_t>{(1 << 30) + 1, -3}};
  const Array scales{{2}, std::vector<float>{0x1p-30F, 0.25F}};
  const detail::OnnxNode node{"", "", {}, {}, {{"axis", std::int64_t{0}}}};
  CHECK(detail::fold_dequantize_linear(node, {&bias, &scales}) ==
        Array{{2}, std::vector<float>{1, -0.75F}});
  const Array large{{1}, std::vector<std::int32_t>{(1 << 25) + 3}};  // no float
  const Array third{{1}, std::vector<float>{1.0F / 3}};
  CHECK(std::get<std::vector<float>>(
            detail::fold_dequantize_linear(node, {&large, &third}).values)[0] ==
        static_cast<float>(33554435.0 * static_cast<double>(1.0F / 3)));
}

TEST_CASE("ONNX: grids of codes of either sign") {
  const Array steps{{2}, std::vector<float>{0.5F, 2}};
  const Array zero{{1}, std::vector<std::uint8_t>{130}};
  using Grids = std::vector<AffineScale>;
  CHECK(detail::onnx_grids(steps, &zero, detail::OnnxType::uint8) == Grids{{0.5F, 2}, {2, 2}});
  CHECK(detail::onnx_grids(steps, nullptr, detail::OnnxType::int8) == Grids{{0.5F, 0}, {2, 0}});
  const auto says = [&](const Array& scales, const Array& zeros) {
    return complaint(
        [&] { static_cast<void>(detail::onnx_grids(scales, &zeros, detail::OnnxType::uint8)); });
  };
  CHECK(contains(says(steps, {{1}, std::vector<std::int8_t>{1}}), "not of one type of 8 bits"));
  CHECK(contains(says(steps, {{3}, std::vector<std::uint8_t>{1, 2, 3}}), "2 scales and 3 zero"));
  CHECK(contains(says({{0}, std::vector<float>{}}, zero), "0 scales and 1 zero"));
  CHECK(contains(says({{1}, std::vector<float>{0}}, zero), "the scale must be a positive"));
}
