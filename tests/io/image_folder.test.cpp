// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/image_folder.hpp>

using namespace upset;

namespace {

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

/// A grey picture file of one value, height x width.
Bytes flat(int height, int width, std::uint8_t value) {
  Bytes file = bytes_of("P5 " + std::to_string(width) + " " + std::to_string(height) + " 255\n");
  file.insert(file.end(), static_cast<std::size_t>(height * width), value);
  return file;
}

const ImageFolderOptions small{.height = 4, .width = 4, .shorter_side = 6};

std::string refused_list(const std::string& list) {
  const Scratch scratch;
  scratch.write("a.ppm", flat(4, 4, 1));
  scratch.write("labels.tsv", bytes_of(list));
  return complaint([&] { (void)load_image_folder(scratch.path(), small); });
}

}  // namespace

TEST_CASE("load_image_folder: the pictures of the list, in its order and of one size") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.path() / "sub");
  scratch.write("sub/a.ppm", flat(9, 30, 7));
  scratch.write("b.ppm", flat(4, 4, 200));
  scratch.write("classes.tsv", bytes_of("label\tname\tfile\r\n300\tfish\tsub/a.ppm\r\n2\t\tb.ppm"));
  const Dataset data = load_image_folder(scratch.path(), small);
  CHECK(data.shape() == Shape{4, 4, 3});
  CHECK(data.labels == std::vector<std::uint16_t>{300, 2});
  CHECK(data.classes == 301);
  Bytes pixels(48, 7);
  pixels.resize(96, 200);
  CHECK(data.pixels == pixels);
  CHECK(load_image_folder(scratch.path(), {.height = 4, .width = 4, .most = 1}).size() == 1);
}

TEST_CASE("load_image_folder: commas in a .csv file, quoted names, and a list elsewhere") {
  const Scratch scratch;
  scratch.write("a, b.ppm", flat(2, 2, 9));
  scratch.write("some.csv", bytes_of("file,label\n\"a, b.ppm\",1\n\n"));
  const Dataset data = load_image_folder(
      scratch.path(),
      {.height = 3, .width = 5, .shorter_side = 0, .list = scratch.path() / "some.csv"});
  CHECK(data.shape() == Shape{3, 5, 3});
  CHECK(data.pixels == Bytes(45, 9));
}

TEST_CASE("load_image_folder: what is wrong with a list is said with its line") {
  CHECK(
      contains(refused_list("name\tlabel\n"), "labels.tsv: its first line names no column 'file'"));
  CHECK(contains(refused_list("file\tname\n"), "names no column 'label'"));
  CHECK(contains(refused_list("file\tlabel\n"), "labels.tsv: lists no pictures"));
  for (const char* const line :
       {"a.ppm", "a.ppm\t", "\t3", "a.ppm\t-1", "a.ppm\t65536", "a.ppm\t1x"}) {
    CAPTURE(line);
    CHECK(contains(refused_list("file\tlabel\na.ppm\t0\n" + std::string(line) + "\n"),
                   "labels.tsv:3: gives no file with a label from 0 to 65535"));
  }
  CHECK(contains(refused_list("file\tlabel\nmissing.ppm\t0\n"), "missing.ppm: no such file"));
  CHECK(contains(refused_list("file\tlabel\nlabels.tsv\t0\n"), "labels.tsv: not a JPEG"));
  const Scratch scratch;
  CHECK(contains(complaint([&] { (void)load_image_folder(scratch.path()); }),
                 "has no list of labels"));
  CHECK(contains(complaint([&] { (void)load_image_folder(scratch.path() / "no"); }),
                 "no such directory"));
}

TEST_CASE("load_image_folder: a picture too small for the crop is named") {
  const Scratch scratch;
  scratch.write("a.ppm", flat(3, 3, 1));
  scratch.write("labels.csv", bytes_of("file,label\na.ppm,0\n"));
  CHECK(contains(complaint([&] {
                   (void)load_image_folder(scratch.path(),
                                           {.height = 8, .width = 8, .shorter_side = 6});
                 }),
                 "a.ppm: A picture of 6 x 6 pixels has no 8 x 8"));
}
