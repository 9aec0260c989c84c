# Flags for our own code, and the form of a core library.

add_library(weft_flags INTERFACE)
target_compile_options(weft_flags INTERFACE -Wall -Wextra -Wpedantic -Werror)
# For targets that build texts from literals: g++ 12 sees overlaps in plain assignments of literals to std::string (GCC
# bug 105651, mended in 13).
add_library(weft_texts INTERFACE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(weft_texts INTERFACE -Wno-restrict)
endif()
if(WEFT_SANITIZE)
  add_compile_options(-fsanitize=${WEFT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEFT_SANITIZE})
endif()

# weft_core(NAME FOLDER): a static library of every source in FOLDER, with nothing but FOLDER on its include path.
function(weft_core name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
  add_library(weft_core_${name} STATIC ${sources})
  target_include_directories(weft_core_${name} PUBLIC ${CMAKE_SOURCE_DIR}/${folder})
  target_link_libraries(weft_core_${name} PRIVATE weft_flags weft_texts)
endfunction()
