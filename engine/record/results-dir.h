// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The folder of one run: results/<scenario>/<digest>/run-<seed>/.
 */
#ifndef WEFT_ENGINE_RECORD_RESULTS_DIR_H
#define WEFT_ENGINE_RECORD_RESULTS_DIR_H

#include "engine/record/output-file.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace weft::engine
{

/**
 * A run folder that looks finished only when it is: a run is done when its run.json exists.
 *
 * Files are written into a hidden folder beside the final one. Commit() takes the run.json of an
 * earlier run of the same name away, puts the new folder in its place and writes run.json last, by
 * rename; each step reaches the disk before the next. A process that is killed, or an object
 * destroyed without Commit(), leaves no new run.json; the hidden folder of a killed process is
 * removed by the next run of the same name.
 */
class ResultsDir
{
  public:
    /**
     * Makes the hidden folder. Throws ResultsError when it cannot.
     *
     * @param root the results folder, made when missing
     * @param scenario scenario name
     * @param digest digest of the normalised scenario; its first 8 characters name the folder
     * @param seed the seed
     */
    ResultsDir(const std::filesystem::path& root,
               std::string_view scenario,
               std::string_view digest,
               std::uint64_t seed);
    ~ResultsDir();
    ResultsDir(const ResultsDir&) = delete;
    ResultsDir& operator=(const ResultsDir&) = delete;

    /// @return where to write the file of that name until Commit()
    std::filesystem::path File(std::string_view name) const;
    /// @return the folder's place once committed
    const std::filesystem::path& FinalPath() const;
    /// Writes a whole file. Throws ResultsError.
    void WriteFile(std::string_view name, std::string_view content);
    /// Finishes the run. Throws ResultsError, and then nothing looks finished.
    void Commit(std::string_view runJson);

  private:
    std::filesystem::path m_final;
    std::filesystem::path m_work; ///< hidden folder being filled
    std::filesystem::path m_old;  ///< where an earlier run of the same name waits for its removal
    bool m_committed = false;
};

} // namespace weft::engine

#endif
