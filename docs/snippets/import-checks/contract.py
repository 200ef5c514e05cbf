import json
from pathlib import Path

from soda_core.contracts import verify_contract_locally

found = verify_contract_locally(data_source_file_path="orders-db.yml", contract_file_path="orders.yml")
results = [
    {
        "contract": {"dataset_name": one.contract.dataset_name},
        "check_results": [
            {
                "check": {"name": each.check.name, "column_name": each.check.column_name},
                "outcome": each.outcome.name,
                "threshold_value": each.threshold_value,
            }
            for each in one.check_results
        ],
    }
    for one in found.contract_verification_results
]
Path("scan.json").write_text(json.dumps({"contract_verification_results": results}))
