// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/safetensors.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/dense.hpp>

using namespace upset;

namespace {

/// A file by hand: length of the header, header, values.
Bytes file_of(const std::string& header, const Bytes& values) {
  Bytes bytes;
  for (int byte = 0; byte < 8; ++byte) {
    bytes.push_back(static_cast<std::uint8_t>(header.size() >> (8 * byte) & 0xFFU));
  }
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

std::string refused_header(const std::string& header, const Bytes& values = {}) {
  return complaint([&] { (void)detail::parse_safetensors(file_of(header, values), "x"); });
}

}  // namespace

TEST_CASE("safetensors: every type is read, 16-bit floats as floats, in the order of the values") {
  const Bytes bytes = file_of(R"({"__metadata__":{"format":"pt"},)"
                              R"("a.half":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},)"
                              R"("b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                              R"("bf":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]},)"
                              R"("i":{"dtype":"I8","shape":[2],"data_offsets":[14,16]},)"
                              R"("n":{"dtype":"I64","shape":[],"data_offsets":[16,24]}} )",
                              {0,    0,    0x80, 0x3F, 0, 0, 0x20, 0xC0,  // 1, -2.5
                               0,    0x3E, 0,    0xC0,                    // 1.5, -2
                               0x40, 0x40,                                // 3
                               0xFF, 0x7F,                                // -1, 127
                               5,    0,    0,    0,    0, 0, 0,    0});
  const std::vector<NamedArray> arrays = detail::parse_safetensors(bytes, "x");
  REQUIRE(arrays.size() == 5);
  CHECK(arrays[0] == NamedArray{"b", {{1, 2}, std::vector{1.0F, -2.5F}}});
  CHECK(arrays[1] == NamedArray{"a.half", {{2}, std::vector{1.5F, -2.0F}}});
  CHECK(arrays[2] == NamedArray{"bf", {{1}, std::vector{3.0F}}});
  CHECK(arrays[3] == NamedArray{"i", {{2}, std::vector<std::int8_t>{-1, 127}}});
  CHECK(arrays[4] == NamedArray{"n", {{}, std::vector<std::int64_t>{5}}});
}

TEST_CASE("safetensors: a written file is that of the specification, and is read again") {
  const Scratch scratch;
  const std::vector<NamedArray> arrays{{"w", {{2}, std::vector{1.0F, -2.5F}}},
                                       {"a", {{1, 1}, std::vector<std::uint8_t>{7}}}};
  const Bytes expected = file_of(R"({"a":{"data_offsets":[8,9],"dtype":"U8","shape":[1,1]},)"
                                 R"("w":{"data_offsets":[0,8],"dtype":"F32","shape":[2]}}    )",
                                 {0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0, 7});
  CHECK(detail::safetensors_bytes(arrays) == expected);
  save_arrays(scratch.path() / "a.safetensors", arrays);
  CHECK(load_arrays(scratch.path() / "a.safetensors") == arrays);
  save_arrays(scratch.path() / "a.npz", arrays);
  CHECK(load_arrays(scratch.path() / "a.npz") == arrays);
  CHECK(load_safetensors(scratch.path() / "a.safetensors") == load_npz(scratch.path() / "a.npz"));
}

TEST_CASE("safetensors: weights of a network") {
  Network net({2});
  net.add("fc", Dense<>(Tensor({1, 2}, {3, 4}), Tensor({1}, std::vector<float>{5})));
  Network other({2});
  other.add("fc", Dense<>::zeros(2, 1));
  const Scratch scratch;
  save_safetensors(scratch.path() / "fc.safetensors", weights_of(net));
  set_weights(other, load_safetensors(scratch.path() / "fc.safetensors"));
  CHECK(other.forward(Tensor({1, 2}, 1.0F))[0] == 12);
}

TEST_CASE("safetensors: damaged and hostile files are refused, and nothing large is allocated") {
  const auto array = [](const std::string& rest) { return R"({"a":{)" + rest + "}}"; };
  const std::string too_many =
      "[4294967296,4294967296,4294967296]";  // values; their product is 0 in 64 bits
  CHECK(
      contains(complaint([] { (void)detail::parse_safetensors(Bytes(7), "x"); }), "x: ends early"));
  CHECK(contains(complaint([] { (void)detail::parse_safetensors(Bytes(20, 0xFF), "x"); }),
                 "x: ends early"));
  CHECK(contains(refused_header("{"), "x: its header is not one of safetensors"));
  CHECK(contains(refused_header("[1]"), "its header is not"));
  CHECK(contains(refused_header(std::string(100000, '[')), "its header is not"));
  CHECK(contains(refused_header(array(R"("dtype":"F32","shape":[1])")), "its header is not"));
  CHECK(contains(
      refused_header(array(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), Bytes(4)),
      "its array a has -1 where a whole number should stand"));
  CHECK(contains(refused_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                R"("b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                                Bytes(2)),
                 "its array b overlaps another"));
  CHECK(
      contains(refused_header(array(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"), Bytes(3)),
               "its array a lies beyond the end"));
  CHECK(
      contains(refused_header(array(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), Bytes(4)),
               "its array a has 4 bytes for 2 values"));
  CHECK(contains(
      refused_header(array(R"("dtype":"F32","shape":)" + too_many + R"(,"data_offsets":[0,0])")),
      "its array a has 0 bytes"));
  CHECK(
      contains(refused_header(array(R"("dtype":"F8","shape":[1],"data_offsets":[0,1])"), Bytes(1)),
               "its array a has values of type F8"));
  CHECK(
      contains(refused_header(array(R"("dtype":"U8","shape":[1],"data_offsets":[0,1])"), Bytes(2)),
               "bytes that belong to no array"));
  const std::string u8 = R"("dtype":"U8","shape":[2],"data_offsets":[0,2])";
  CHECK(contains(refused_header(R"({"a":{)" + u8 + R"(},"b":{)" + u8 + "}}", Bytes(2)), "overlap"));
  CHECK(
      contains(refused_header(array(R"("dtype":"U8","shape":[1,1,1,1,1,1,1],"data_offsets":[0,1])"),
                              Bytes(1)),
               "at most 6 extents"));
  const std::vector<NamedArray> twice(2, NamedArray{"a", {{1}, std::vector{1.0F}}});
  CHECK(contains(complaint([&] { (void)detail::safetensors_bytes(twice); }), "Two arrays"));
}
