# SPDX-License-Identifier: BSL-1.0
# `cmake -D OUT=<folder> "-D FILES=<names>" -P CompareRuns.cmake -- <command>`: runs the command with
# `--threads 1 --out OUT/1` and `--threads 2 --out OUT/2`; both must write the same FILES, byte for
# byte.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/Command.cmake)

file(REMOVE_RECURSE ${OUT})
foreach(threads 1 2)
  execute_process(COMMAND ${command} --threads ${threads} --out ${OUT}/${threads}
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
expect_same_files(1 2)
