// SPDX-License-Identifier: BSL-1.0
#include <string>

#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_windows.hpp>

using namespace upset;
using detail::OnnxNode;

TEST_CASE("ONNX: padding that keeps the size, and how it is divided") {
  const auto window = [](const std::string& padding, std::size_t extent) {
    const OnnxNode node{
        "Conv", "", {}, {}, {{"auto_pad", padding}, {"strides", std::vector<std::int64_t>{2, 3}}}};
    return detail::onnx_window(node, {3, 3}, {extent, extent});
  };
  CHECK(window("SAME_UPPER", 8).pad_top == 0);
  CHECK(window("SAME_UPPER", 8).pad_bottom == 1);
  CHECK(window("SAME_LOWER", 8).pad_top == 1);
  CHECK(window("SAME_LOWER", 8).pad_bottom == 0);
  CHECK(window("SAME_UPPER", 7).pad_top == 1);
  CHECK(window("SAME_UPPER", 7).pad_bottom == 1);
  CHECK(window("SAME_UPPER", 8).pad_left == 0);  // in steps of 3
  CHECK(window("SAME_UPPER", 8).pad_right == 1);
  CHECK(window("SAME_LOWER", 7).pad_left == 1);
  CHECK(window("SAME_LOWER", 7).stride == Steps(2, 3));
  CHECK(window("VALID", 8).pad_bottom == 0);
  CHECK(contains(complaint([&] { static_cast<void>(window("SAME", 8)); }), "none that ONNX has"));
}

TEST_CASE("ONNX: windows of other than two axes are refused") {
  const auto says = [](const char* key, std::vector<std::int64_t> values) {
    return complaint([&] {
      static_cast<void>(
          detail::onnx_window({"Conv", "", {}, {}, {{key, std::move(values)}}}, {3, 3}, {8, 8}));
    });
  };
  CHECK(says("strides", {2, 1}).empty());
  CHECK(contains(says("strides", {2}), "pictures have two"));
  CHECK(contains(says("pads", {1, 1}), "pictures have four sides"));
  CHECK(contains(says("pads", {-1, 0, 0, 0}), "its padding is -1"));
}
