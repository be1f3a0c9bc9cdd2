# SPDX-License-Identifier: BSL-1.0
# Fails unless the first program of README.md (-D README=<another page>, for the test of this script)
# is what examples/01_first_number.cpp holds behind its first comment, and the text behind it what
# that prints.
cmake_minimum_required(VERSION 3.25)

set(top ${CMAKE_CURRENT_LIST_DIR}/..)
if(NOT DEFINED README)
  set(README ${top}/README.md)
endif()
set(example examples/01_first_number)
file(READ ${README} page)
file(READ ${top}/${example}.cpp program)
file(READ ${top}/${example}.output output)
string(REGEX REPLACE "^(//[^\n]*\n)+" "" program "${program}")
string(FIND "${page}" "\n```cpp\n${program}```\n```\n${output}```\n" position)
if(position EQUAL -1)
  message(FATAL_ERROR "CheckReadme: the first program of ${README}, or what it prints, is not that of "
                      "${example}.cpp and .output; copy it from there")
endif()
